"""Answers that no person wrote: out of office, vacation, challenges (RFC 3834 and what programs did before it)."""

from __future__ import annotations

import re

from engine.mailbox.mime import Mail
from engine.model.sayings import any_of

ANSWERED = re.compile(r"^\s*auto-(?:replied|notified)\b", re.IGNORECASE)
GENERATED = re.compile(r"^\s*auto-", re.IGNORECASE)

FIELDS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-autoreply-from",
    "x-auto-response",
    "x-auto-reply",
    "x-mail-autoreply",
    "x-vacation",
    "x-fc-machinegenerated",
)
PRECEDENCE = re.compile(r"auto[_-]?reply|vacation", re.IGNORECASE)
SUBJECT = re.compile(
    r"^[\s\[(*]*(?:(?:re|aw|sv|fwd?)\s*:\s*)*(?:"
    r"auto(?:matic|mated|matisch\w*|matique|mática|matica|matisk\w*|maattinen)?[\s_-]*(?:re(?:ply|sponse|sponder)|antwort|antwoord|svar|vastaus)"
    r"|auto(?:reply|respond\w*|-?re)?\s*:|auto[- ]?re(?:ply|sponse)\b"
    r"|out[- ]of[- ](?:the[- ])?office|ooo\b|i(?:'m| am) (?:away|out|on (?:vacation|holiday|leave))|away from (?:my|the)"
    r"|(?:on )?(?:vacation|holiday|annual leave|maternity leave|parental leave)\b|on leave"
    r"|abwesen|nicht im (?:büro|hause)|urlaub|r[ée]ponse automatique|absen(?:t|ce)\b|absence du bureau|en vacances"
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina|ausente|risposta automatica|fuori (?:ufficio|sede)|assente"
    r"|resposta autom[áa]tica|fora do escrit[óo]rio|aus[êe]ncia|afwezig|frånvar|fravær|poissa"
    r"|automatyczna odpowied|autoodpowied"
    r"|автоответ|автоматический ответ|自動(?:返信|応答|回答)|自动(?:回复|答复)|不在"
    r"|(?:please )?confirm (?:your|the) (?:e-?mail|message|delivery)|sender verification|challenge"
    r")",
    re.IGNORECASE,
)
WORDS = any_of(
    r"\bout of (?:the )?office\b",
    r"\bon (?:vacation|holiday|annual leave|maternity leave|parental leave)\b",
    r"\bI(?:'m| am| will be) (?:currently |now )?(?:away|out of|on leave|travel)",
    r"this is an auto(?:matic|mated)[- ]re(?:ply|sponse)",
    r"auto(?:matic|mated) (?:reply|response) to your|nicht im büro|im urlaub|je suis absent",
    r"absent[e]? du bureau|fuera de la oficina|fuori ufficio",
    r"verify that you are (?:a )?(?:human|person)|click .{0,60} to (?:confirm|verify) (?:that )?you",
    flags=re.IGNORECASE,
)


def is_automatic(mail: Mail, said: str) -> bool:
    """Whether a program answered in a person's place. `said`: the mail's prose."""
    headers = mail.headers
    submitted = headers.get("auto-submitted")
    if ANSWERED.match(submitted) or any(name in headers for name in FIELDS):
        return True
    if PRECEDENCE.search(headers.get("precedence")) or headers.get("x-precedence").lower() == "auto_reply":
        return True
    if SUBJECT.match(headers.get("subject")[:300]):
        return True
    if headers.get("return-path").strip() == "<>":
        # What must not be answered and is no bounce is an answer itself (RFC 3834, section 3.3).
        return True
    hinted = GENERATED.match(submitted) or "x-auto-response-suppress" in headers
    return bool(hinted) and bool(WORDS.search(said[:5000]))
