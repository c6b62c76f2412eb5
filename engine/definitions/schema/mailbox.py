"""Where mails that come back land: an IMAP folder or a Maildir, for `touchbase hear` without a path."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.providers import Port
from engine.definitions.schema.values import SecretText, Text, Title

HELP = "write `imap: imap.acme.example` with user and password, or `maildir: FOLDER`"
OF_IMAP = ("port", "security", "user", "password", "folder", "move_to")


class Mailbox(Definition):
    """Where bounces, complaints and automatic answers land; `imap` or `maildir`."""

    imap: Title | None = Field(None, description="The IMAP server's name.", examples=["imap.acme.example"])
    port: Port | None = Field(None, description="Its port; 993 for `tls`, 143 otherwise.")
    security: Literal["none", "starttls", "tls"] = Field(
        "tls", description="`tls` (from the first byte), `starttls`, or `none` for a server on this machine."
    )
    user: SecretText | None = Field(None, description="The account.", examples=["bounces@acme.example"])
    password: SecretText | None = Field(None, description="Its password.", examples=["!secret IMAP_PASSWORD"])
    folder: Title = Field("INBOX", description="The folder that is read.")
    move_to: Title | None = Field(
        None,
        description="Where mails go once they were heard. Without it they stay and are marked as read, and only "
        "unread ones are looked at.",
        examples=["Heard"],
    )
    maildir: Text | None = Field(
        None,
        description="A Maildir on this machine, from the workspace's folder on; `~` is your own folder. Mails are "
        "marked as read once they were heard.",
        examples=["~/Maildir"],
    )

    @model_validator(mode="after")
    def _one(self) -> Mailbox:
        written = [key for key in ("imap", "maildir") if getattr(self, key)]
        if len(written) != 1:
            raise mistake("a mailbox is `imap` or `maildir`", HELP, at=tuple(written[1:2]))
        if self.maildir:
            strange = [key for key in OF_IMAP if key in self.model_fields_set]
            if strange:
                raise mistake(f"a Maildir has no `{strange[0]}`", "remove this line", at=(strange[0],))
        elif self.user is None or self.password is None:
            missing = "user" if self.user is None else "password"
            raise mistake(f"the IMAP server asks for a {missing}", HELP, at=("imap",))
        elif self.move_to == self.folder:
            raise mistake("mails cannot move to where they are", "name another folder", at=("move_to",))
        return self
