"""Barbican's stores in PKCS#11 tokens: its own plugin, one for each store, made to outlast its token.

As it comes, that plugin is one a process. It is missing until the next start where its token was away at this one; a token that
came back is not found again after a try that failed; a library that hangs holds the worker for as long as it hangs; and a cache
that is full of what expired ends requests. Here a store that does not answer is a 503 that says so, within a time, and is tried
again by later requests. What is stored is in the form of Barbican's plugin.
"""

import os
import queue
import signal
import threading
import time
from concurrent.futures import Future
from types import SimpleNamespace

from barbican.common import exception
from barbican.plugin.crypto import p11_crypto, pkcs11
from oslo_config import cfg

# How long a request waits for a library, in seconds.
ANSWER_SECONDS = 10
# After a try that failed nobody tries again for so long.
REST_SECONDS = 5
# A worker whose library has not come back from a call for so long makes room for another.
HANG_SECONDS = 60

# Of a token (PKCS#11 v2.40, CK_TOKEN_INFO): one more wrong PIN locks it; it is locked.
FINAL_TRY, LOCKED = 0x20000, 0x40000

# What is wrong with what was to be decrypted, and not with the token.
OF_DATA = ("CKR_SIGNATURE_INVALID", "CKR_SIGNATURE_LEN_RANGE", "CKR_ENCRYPTED_DATA", "CKR_WRAPPED_KEY", "CKR_DATA_")

OPTIONS = [
    *p11_crypto.p11_crypto_plugin_opts,
    cfg.StrOpt("pin_file"),
    # There while the Job that makes the keys says that the token refuses the PIN: an HSM locks itself after a few tries.
    cfg.StrOpt("refused_file"),
    cfg.BoolOpt("make_token", default=False),
]

LOG = p11_crypto.LOG


class Away(Exception):
    """Why a store does not answer; never names a PIN."""


class StoreAway(exception.BarbicanHTTPException):
    """The answer to who asked for what is in it."""

    status_code = 503

    def __init__(self, store, why):
        said = f"the secret store {store} does not answer: {why}"
        super().__init__(said.replace("%", "%%"), f"the secret store {store} does not answer, try again later")


class Library:
    """A PKCS#11 library, of which a process has one whatever number of stores is in it, and the one thread that calls it."""

    known = {}

    @classmethod
    def at(cls, path):
        return cls.known.setdefault(path, cls(path))

    def __init__(self, path):
        self.path = path
        # How often it was ended: sessions and keys of before mean others afterwards, or nothing.
        self.ended = 0
        self._calls = queue.SimpleQueue()
        self._thread = None
        self._hanging = None
        self._since = 0

    def call(self, function):
        """What a function gives that calls the library; Away where it does not come back in time."""
        if self._hanging is not None and not self._hanging.done():
            seconds = int(time.monotonic() - self._since)
            if seconds >= HANG_SECONDS:
                renew_worker()
            raise Away(f"its library has not come back from a call for {seconds} s")
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, daemon=True)
            self._thread.start()
        answer = Future()
        self._since = time.monotonic()
        self._calls.put((answer, function))
        try:
            return answer.result(ANSWER_SECONDS)
        except TimeoutError:
            self._hanging = answer
            raise Away(f"its library has not come back from a call within {ANSWER_SECONDS} s") from None

    def _serve(self):
        while True:
            answer, function = self._calls.get()
            try:
                answer.set_result(function())
            except BaseException as error:
                answer.set_exception(error)

    def end(self):
        """Whatever it was in: the next to begin finds the tokens that there are now."""
        self.ended += 1
        ffi = pkcs11.build_ffi()
        ffi.dlopen(self.path).C_Finalize(ffi.NULL)


def renew_worker():
    """Lets uWSGI replace this process once its request is answered: no other way ends a call of a library's."""
    try:
        import uwsgi  # noqa: F401
    except ImportError:
        return
    LOG.warning("a PKCS#11 library hangs: this worker makes room for another")
    os.kill(os.getpid(), signal.SIGHUP)


class Token(pkcs11.PKCS11):
    """Barbican's way to a token, without the last try that a token gives before it locks itself."""

    def _login(self, password, session):
        info = self.ffi.new("CK_TOKEN_INFO_PTR")
        self._check_error(self.lib.C_GetTokenInfo(self.slot_id, info))
        if info.flags & LOCKED:
            raise Away("the token has locked itself after too many wrong PINs (CKR_PIN_LOCKED)")
        if info.flags & FINAL_TRY:
            raise Away("one more wrong PIN locks the token: log in once by hand, by the vendor's own program")
        super()._login(password, session)


class Pkcs11Store(p11_crypto.P11CryptoPlugin):
    """The plugin of one store. Without a token, too, it is there: what is asked of it is asked of the token then."""

    store = ""
    heeds_refusal = True

    def __init__(self):
        self.settings = settings_of(self.store)
        self.conf = SimpleNamespace(p11_crypto_plugin=self.settings)
        self.library = Library.at(self.settings.library_path)
        self.pkcs11 = None
        self._begun = 0
        self._failed = None
        self._failed_at = 0
        self._refused_pin = None

    def check(self):
        """Finds both master keys in the token and uses one; StoreAway says why it cannot."""
        self._call_pkcs11(self._check)

    def call(self, function):
        """What a function gives that is to run where the library is called."""
        try:
            return self.library.call(function)
        except Away as away:
            raise StoreAway(self.store, str(away)) from None

    def create_token(self):
        """As `_create_pkcs11`, by the PIN that is mounted now."""
        settings = self.settings
        return Token(
            library_path=settings.library_path,
            login_passphrase=self.read_pin(),
            token_serial_number=settings.token_serial_number,
            token_labels=settings.token_labels,
            slot_id=None,
            rw_session=settings.rw_session,
            encryption_mechanism=settings.encryption_mechanism,
            encryption_gen_iv=settings.aes_gcm_generate_iv,
            always_set_cka_sensitive=settings.always_set_cka_sensitive,
            hmac_mechanism=settings.hmac_mechanism,
            key_wrap_mechanism=settings.key_wrap_mechanism,
            key_wrap_gen_iv=settings.key_wrap_generate_iv,
            os_locking_ok=settings.os_locking_ok,
        )

    def read_pin(self):
        try:
            with open(self.settings.pin_file) as file:
                pin = file.read().rstrip("\n")
        except FileNotFoundError:
            pin = ""
        if pin == "":
            raise Away("there is no PIN: its core Secret or the key in it is missing")
        return pin

    def _check(self):
        session = self._get_session()
        try:
            for key_type, label in self.master_keys():
                key = self.pkcs11.get_key_handle(key_type, label, session)
                if key is None:
                    raise exception.P11CryptoKeyHandleException(f"Could not find key labeled {label}")
            self.pkcs11.compute_hmac(key, b"nephele", session)
        finally:
            self._return_session(session)

    def master_keys(self):
        """Types and labels: what wraps the projects' keys, and what signs them."""
        settings = self.settings
        return (("CKK_AES", settings.mkek_label), (settings.hmac_key_type, settings.hmac_label))

    def _call_pkcs11(self, func, *args, **kwargs):
        return self.call(lambda: self._attempt(lambda: func(*args, **kwargs)))

    def _attempt(self, function):
        """Calls a function, and where the token failed it once more, on a library that was begun anew."""
        if self.pkcs11 is not None and self._begun == self.library.ended:
            try:
                return function()
            except exception.PKCS11Exception as error:
                if is_of_data(error):
                    raise
                LOG.warning("store %s: %s; its library is begun anew", self.store, error)
            self._begin(anew=True)
        else:
            self._begin(anew=self._failed is not None)
        try:
            return function()
        except exception.PKCS11Exception as error:
            if is_of_data(error):
                raise
            raise Away(self._fail(error)) from None

    def _begin(self, anew):
        if self._failed is not None and time.monotonic() - self._failed_at < REST_SECONDS:
            raise Away(self._failed)
        self.pkcs11 = None
        try:
            self._connect(anew)
        except (Away, exception.PKCS11Exception, OSError, ValueError) as error:
            self.pkcs11 = None
            raise Away(self._fail(error)) from None
        self._failed = None

    def _fail(self, error):
        self._failed, self._failed_at = str(error), time.monotonic()
        LOG.warning("store %s does not answer: %s", self.store, self._failed)
        return self._failed

    def _connect(self, anew):
        pin = self.read_pin()
        refused_file = self.settings.refused_file
        if self.heeds_refusal and refused_file is not None and os.path.exists(refused_file):
            raise Away("its PIN was refused when its keys were looked for, and is not tried until it is another")
        if pin == self._refused_pin:
            raise Away("its PIN was refused (CKR_PIN_INCORRECT), and is not tried again until it is another")
        if anew:
            self.library.end()
        self._begun = self.library.ended
        try:
            super().__init__(self.conf, pkcs11=self.create_token())
        except ValueError as error:
            raise Away(f"{error} (token {', '.join(self.settings.token_labels)})") from None
        except exception.PKCS11Exception as error:
            if "CKR_PIN_INCORRECT" in str(error):
                self._refused_pin = pin
            raise

    def _pkek_cache_expire(self, now, session):
        # Barbican's own takes out of the dictionary that it goes through.
        for label, cached in list(self.pkek_cache.items()):
            if now < cached.expires:
                break
            self.pkcs11.destroy_object(cached.kek, session)
            del self.pkek_cache[label]


def is_of_data(error):
    return any(code in str(error) for code in OF_DATA)


def settings_of(store):
    """A store's section of barbican.conf: the options of Barbican's own plugin, and ours."""
    group = cfg.OptGroup(name=f"pkcs11:{store}")
    p11_crypto.CONF.register_group(group)
    p11_crypto.CONF.register_opts(OPTIONS, group=group)
    return p11_crypto.CONF[group.name]


def __getattr__(name):
    """`store_<name>`: each store has a class of its own, for Barbican knows by its name who encrypted what."""
    if not name.startswith("store_"):
        raise AttributeError(name)
    store = name.removeprefix("store_").replace("_", "-")
    made = type(name, (Pkcs11Store,), {"store": store, "__module__": __name__})
    globals()[name] = made
    return made
