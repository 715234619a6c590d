"""Makes what stores in PKCS#11 tokens need, once: the token, where it is SoftHSM's, and in it the two keys that wrap and sign
the projects' keys. Then it enters the stores in Barbican's database, so that pods which start together find them there.

Keys that are there are used. None is made anew over data: where Barbican's database has projects' keys that were wrapped in a
token, and the token lacks its keys or has others, this says so.

What is wrong with one store is no reason to leave the others.

Usage: make_store_keys.py <store>…
Ends with 3 where another try would end the same way, until a person has changed something; and with 16 plus 2ⁿ for the nth store
(from 0) where a token refuses the PIN: each try brings it closer to locking itself (decide/job.ts).
"""

import base64
import contextlib
import json
import sys
from types import SimpleNamespace

import nephele_pkcs11
from barbican.common import exception, utils
from barbican.model import models, repositories
from barbican.plugin.crypto import base, pkcs11

ASK_A_PERSON = 3
REFUSED = 16
KEY_BYTES = 32
TRIAL = b"nephele"
SO, USER = 0, 1
TOKEN_INITIALIZED, PIN_INITIALIZED = 0x400, 0x8
SERIAL_RW_SESSION = 0x4 | 0x2


class AskAPerson(Exception):
    """What another try would not mend."""


class PinRefused(Exception):
    """What another try would make worse."""


def data_of(store):
    """How many projects' keys were wrapped in the token, and one of them. What is not bound yet is of no token."""
    plugin = utils.generate_fullname_for(store)
    found = repositories.get_session().query(models.KEKDatum).filter_by(plugin_name=plugin, bind_completed=True)
    return found.count(), found.first()


class TokenMaker:
    """SoftHSM's way to a new token, which Barbican does not know. The security officer's PIN is the user's."""

    def __init__(self, settings, pin):
        self.label, self.pin = settings.token_labels[0], pin.encode()
        self.ffi = pkcs11.build_ffi()
        self.ffi.cdef(
            "CK_RV C_InitToken(CK_SLOT_ID, CK_UTF8CHAR_PTR, CK_ULONG, CK_UTF8CHAR_PTR);"
            "CK_RV C_InitPIN(CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ULONG);"
        )
        self.lib = self.ffi.dlopen(settings.library_path)

    def found(self):
        """The slot of the token, whether its user has a PIN, and a slot that is free."""
        self.checked("C_Initialize", self.ffi.NULL)
        count = self.ffi.new("CK_ULONG *")
        self.checked("C_GetSlotList", 1, self.ffi.NULL, count)
        slots = self.ffi.new("CK_SLOT_ID[]", count[0])
        self.checked("C_GetSlotList", 1, slots, count)
        slot, has_pin, free = None, False, None
        for each in slots:
            info = self.ffi.new("CK_TOKEN_INFO *")
            self.checked("C_GetTokenInfo", each, info)
            if not info.flags & TOKEN_INITIALIZED:
                free = each
            elif bytes(self.ffi.buffer(info.label)).decode().rstrip(" \0") == self.label:
                slot, has_pin = each, bool(info.flags & PIN_INITIALIZED)
        return slot, has_pin, free

    def make(self, slot):
        self.checked("C_InitToken", slot, self.pin, len(self.pin), self.label.encode().ljust(32))

    def give_pin(self, slot):
        session = self.ffi.new("CK_SESSION_HANDLE *")
        self.checked("C_OpenSession", slot, SERIAL_RW_SESSION, self.ffi.NULL, self.ffi.NULL, session)
        self.checked("C_Login", session[0], SO, self.pin, len(self.pin))
        self.checked("C_InitPIN", session[0], self.pin, len(self.pin))
        self.checked("C_CloseSession", session[0])

    def end(self):
        self.lib.C_Finalize(self.ffi.NULL)

    def checked(self, name, *arguments):
        code = getattr(self.lib, name)(*arguments)
        if code != 0 and pkcs11.ERROR_CODES.get(code) != "CKR_CRYPTOKI_ALREADY_INITIALIZED":
            raise exception.P11CryptoPluginException(f"{name}: {hex(code)} {pkcs11.ERROR_CODES.get(code, '')}")


def ensure_token(store, wrapped):
    """Makes SoftHSM's token where there is none; a repeat goes on where an earlier try ended."""
    maker = TokenMaker(store.settings, store.read_pin())
    try:
        slot, has_pin, free = maker.found()
        if slot is None and wrapped > 0:
            raise AskAPerson(f"there is no token {maker.label}, and {wrapped} projects' keys need it: {PUT_BACK}")
        if slot is None:
            maker.make(free)
            slot, has_pin, _ = maker.found()
            print(f"store {store.store}: the token {maker.label} was made")
        if not has_pin:
            maker.give_pin(slot)
    finally:
        maker.end()


PUT_BACK = "put it back as it was; they are not made anew over the data"


def ensure_keys(store, wrapped, sample):
    """The two keys; where some data is there, that it is theirs."""
    settings = store.settings
    token = store.create_token()
    session = token.get_session()
    kinds = dict(zip(("wraps", "signs"), store.master_keys()))
    handles = {use: token.get_key_handle(*kind, session) for use, kind in kinds.items()}
    missing = [use for use, handle in handles.items() if handle is None]
    if missing and wrapped > 0:
        labels = " and ".join(kinds[use][1] for use in missing)
        raise AskAPerson(f"the token lacks {labels}, and {wrapped} projects' keys need it: {PUT_BACK}")
    mechanisms = {"wraps": "CKM_AES_KEY_GEN", "signs": settings.hmac_keygen_mechanism}
    for use in missing:
        key_type, label = kinds[use]
        purpose = {"encrypt": True, "wrap": True} if use == "wraps" else {"sign": True}
        token.generate_key(key_type, KEY_BYTES, mechanisms[use], session, label, master_key=True, **purpose)
        print(f"store {store.store}: the key {label} was made")
    if sample is not None:
        verify(store, token, session, sample)
    token.return_session(session)
    store.library.end()


def verify(store, token, session, sample):
    meta = json.loads(sample)
    key = token.get_key_handle(store.settings.hmac_key_type, meta["hmac_label"], session)
    signed = base64.b64decode(meta["iv"] or "") + base64.b64decode(meta["wrapped_key"])
    if key is None:
        raise AskAPerson(f"the token lacks {meta['hmac_label']}, by which projects' keys were signed: {PUT_BACK}")
    try:
        token.verify_hmac(key, base64.b64decode(meta["hmac"]), signed, session)
    except exception.PKCS11Exception as error:
        if not nephele_pkcs11.is_of_data(error):
            raise
        raise AskAPerson(
            f"the keys in the token are not those of the projects' keys in the database: {PUT_BACK}"
        ) from None


def ensure(store, wrapped, sample):
    if store.settings.make_token:
        ensure_token(store, wrapped)
    ensure_keys(store, wrapped, sample)


def try_out(store):
    """Does once what is done for each project, with nothing that is kept: a token may lack a mechanism that is needed."""
    kek = SimpleNamespace(kek_label="nephele-trial", plugin_meta=None)
    store.bind_kek_metadata(kek)
    sealed = store.encrypt(base.EncryptDTO(TRIAL), kek, None)
    # So that it is unwrapped again.
    store.pkek_cache.clear()
    opened = store.decrypt(base.DecryptDTO(sealed.cypher_text), kek, sealed.kek_meta_extended, None)
    if opened != TRIAL:
        raise AskAPerson("the token does not give back what it encrypted")


def make(store):
    """All that one store needs. Raises what is wrong with it, as one of these errors."""
    wrapped, first = data_of(store)
    sample = None if first is None else first.plugin_meta
    repositories.rollback()
    try:
        store.call(lambda: ensure(store, wrapped, sample))
        try_out(store)
    except exception.PKCS11Exception as error:
        if "CKR_PIN_" not in str(error):
            raise
        raise PinRefused(f"the token refuses the PIN: {error}. It is tried again when it is another") from None
    finally:
        # The next one's library may be the same, and is to be found as at the beginning.
        with contextlib.suppress(nephele_pkcs11.StoreAway, OSError):
            store.call(store.library.end)


def main(names):
    repositories.setup_database_engine_and_factory()
    said, refused, may_come_back = [], 0, False
    for number, name in enumerate(names):
        try:
            store = getattr(nephele_pkcs11, f"store_{name.replace('-', '_')}")()
            # Whether the PIN is refused is what is to be found out here.
            store.heeds_refusal = False
            make(store)
            print(f"store {name}: both keys are there, and wrap and unwrap others")
            continue
        except PinRefused as error:
            refused |= 1 << number
            why = error
        except AskAPerson as error:
            why = error
        except (exception.BarbicanException, OSError, ValueError) as error:
            may_come_back = True
            why = error
        said.append(str(why) if isinstance(why, nephele_pkcs11.StoreAway) else f"store {name}: {why}")
    repositories.setup_database_engine_and_factory(initialize_secret_stores=True)
    repositories.commit()
    if not said:
        return
    print("; ".join(said), file=sys.stderr, flush=True)
    if refused:
        sys.exit(REFUSED + refused)
    sys.exit(1 if may_come_back else ASK_A_PERSON)


main(sys.argv[1:])
