"""Backups in a bucket that speaks S3. It stands after backups.py; what it has for a folder is a copy of what is needed for a while.

A backup is there when its manifest is, which comes last and goes first: an object is whole or is not there, and nothing is
renamed. What was cut off before has no manifest: of our own it goes a day later.
"""

import contextlib
import datetime
import functools

import boto3
import botocore.config
import botocore.exceptions

CUT_OFF = datetime.timedelta(days=1)
# How a missing object is called; the answer to HEAD has no body to name it in.
MISSING = ("NoSuchKey", "404")
# What is wrong with the way there, in words with the address in them. What else a client raises may quote headers.
ON_THE_WAY = (
    botocore.exceptions.ConnectionError,
    botocore.exceptions.ConnectionClosedError,
    botocore.exceptions.ReadTimeoutError,
)
# A server that hangs is given up; what failed on the way is tried again.
CONFIG = botocore.config.Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"mode": "standard", "max_attempts": 5},
    # A name for each bucket is what only some have; and not all know the checksums that AWS has by now.
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Gone(Refused):
    """An object that was there a moment ago."""


class Bucket(Volume):
    def __init__(self, endpoint, bucket, prefix, region, authority=None):
        self.endpoint, self.bucket, self.region, self.authority = endpoint, bucket, region, authority
        self.prefix = f"{prefix.strip('/')}/{plan['cloud']}/".lstrip("/")
        self.where = f"in bucket {bucket} at {endpoint}"

    @functools.cached_property
    def client(self):
        """Made once the program runs, which says what is wrong with what it is given."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=secret("bucket/accessKeyId").strip(),
            aws_secret_access_key=secret("bucket/secretAccessKey").strip(),
            verify=os.path.join(plan["secrets"], self.authority) if self.authority else True,
            config=CONFIG,
        )

    def ask(self, operation, **arguments):
        """Calls it, and says what was wrong without what was sent: an answer may quote it."""
        call = getattr(self.client, operation)
        try:
            return call(Bucket=self.bucket, **arguments)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, boto3.exceptions.Boto3Error) as problem:
            reason = self.reason(problem)
            raise (Gone if reason in MISSING else Refused)(f"{operation} failed {self.where}: {reason}") from None

    @staticmethod
    def reason(problem):
        # An upload's failure wraps what it comes from.
        if isinstance(problem, boto3.exceptions.Boto3Error) and problem.__context__ is not None:
            problem = problem.__context__
        if isinstance(problem, botocore.exceptions.ClientError):
            return problem.response.get("Error", {}).get("Code", "no reason was given")
        if isinstance(problem, ON_THE_WAY):
            return " ".join(str(problem).split())[:200]
        return type(problem).__name__

    def objects(self, name=""):
        """Key and time of each object, by the backup that it is of."""
        found, more = {}, {}
        while True:
            page = self.ask("list_objects_v2", Prefix=self.prefix + name, **more)
            for each in page.get("Contents", []):
                backup, _, file = each["Key"].removeprefix(self.prefix).partition("/")
                if NAME.fullmatch(backup) and file:
                    found.setdefault(backup, {})[file] = each["LastModified"]
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def key(self, name, file):
        return f"{self.prefix}{name}/{file}"

    def bring(self, name, file):
        body = self.ask("get_object", Key=self.key(name, file))["Body"]
        os.makedirs(os.path.join(folder, name), mode=0o700, exist_ok=True)
        with open(os.path.join(folder, name, file), "wb") as written:
            try:
                for chunk in body.iter_chunks(CHUNK):
                    written.write(chunk)
            except botocore.exceptions.BotoCoreError as problem:
                raise Refused(f"{name}/{file} did not come whole {self.where}: {type(problem).__name__}") from None

    def look(self):
        for name, files in self.objects().items():
            # Another Cloud that writes here may have just let it go.
            with contextlib.suppress(Gone):
                if MANIFEST in files:
                    self.bring(name, MANIFEST)
                elif "keySet" in plan and self.is_cut_off(name, files):
                    self.remove(name)

    def is_cut_off(self, name, files):
        """Whether a backup without a manifest is one of ours that nobody writes any more."""
        return max(files.values()) <= datetime.datetime.now(datetime.timezone.utc) - CUT_OFF and self.is_ours(name, files)

    def is_ours(self, name, files):
        head = self.ask("head_object", Key=self.key(name, next(iter(files))))
        return head["Metadata"].get("key-set") == plan["keySet"]

    def fetch(self, name):
        for file in (KEYS, *map(dump_of, DATABASES)):
            self.bring(name, file)

    def put(self, name):
        # Of our own a pod that was killed may have left something.
        files = self.objects(f"{name}/").get(name)
        if files and not self.is_ours(name, files):
            raise Refused(f"backup {name} of another Cloud {plan['cloud']} is {self.where}: give each a prefix of its own")
        for file in (KEYS, *map(dump_of, DATABASES), MANIFEST):
            self.ask(
                "upload_file",
                Filename=os.path.join(folder, name, file),
                Key=self.key(name, file),
                ExtraArgs={"Metadata": {"key-set": plan["keySet"]}},
            )

    def remove(self, name):
        files = self.objects(f"{name}/").get(name, {})
        for file in sorted(files, key=lambda each: each != MANIFEST):
            self.ask("delete_object", Key=self.key(name, file))


store = Bucket(**plan["bucket"])
