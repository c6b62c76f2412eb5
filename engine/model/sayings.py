"""What mail servers say when they do not take a letter, by what it means; English first, then other languages.

Every pattern is looked for in lower case, with each run of white space one space, and with `x` where an address, a
host name or a URL stood: nobody is dead because their address says so. Each line is one way of saying it.
"""

from __future__ import annotations

import re

WORD = r"(?:\S+ )"
WHO = (
    r"(?:user|recipient|addressee|mailbox|e-?mail|address|account|userid|user id|customer|alias|person|inbox)"
)
BOX = r"(?:mailbox|mailfolder|mail folder|inbox|account|folder|maildrop|user|disk|recipient|spool)"


def any_of(*ways: str, flags: int = 0) -> re.Pattern[str]:
    """One pattern for several ways of saying a thing."""
    return re.compile("|".join(ways), flags)


SENDERS_MATTER = any_of(
    r"\bspam|unsolicited|\bjunk\b|\bbulk (?:e-?)?mail|phish|fraud|suspicious|reputation|unwanted",
    r"\bblock(?:ed|ing|list| list)\b|black ?list|deny ?list|\brbl\b|dnsbl|spamhaus|spamcop|\bsorbs\b",
    r"(?<!not )listed (?:at|in|on|by)\b",
    r"rate ?-?limit",
    r"too many (?:mess|conn|recip|e-?mails|mails?\b|invalid|unknown|bad|requests|traffic)|throttl",
    r"unusual rate",
    r"\bspf\b|\bdkim\b|\bdmarc\b|\bptr\b|unauthenticated|not authenticated",
    r"reverse (?:dns|lookup)|\brdns\b|no reverse",
    rf"(?:helo|ehlo)\b {WORD}{{0,3}}(?:rejected|invalid|required)",
    rf"sender {WORD}{{0,3}}(?:rejected|denied|blocked|refused|not allowed|unknown|invalid|fail\w*|not"
    r" exist|not accepted)",
    r"(?:bad|invalid|unknown|illegal|forged|verify\w*(?: the)?) sender",
    r"sender (?:verify|domain|verification)|envelope sender|domain of sender|known senders",
    r"(?:client|sender|sending|connecting|ip|your (?:ip|host|server|domain|mail server|network))"
    rf" {WORD}{{0,4}}(?:rejected|denied|refused|blacklisted|prohibited)\b",
    r"client host",
    r"not accepting (?:mail|messages|e-?mail) (?:from|with)",
    r"refuse[sd]? (?:to (?:accept|receive) )?(?:mail|messages|e-?mail|connection) from",
    rf"relay(?:ing)? {WORD}{{0,3}}(?:denied|prohibited|permitted|allowed|disallowed|refused)",
    r"(?:do not|don't|not|unable to|cannot|can't|no) relay|\brcpthosts\b|open relay|as a relay",
    rf"polic(?:y|ies)\b {WORD}{{0,4}}(?:reason|reject|violat|restrict|block|prohibit|prevent|denie"
    r"|fail)",
    rf"(?:against|violat\w*|due to|by|for|of) {WORD}{{0,4}}polic(?:y|ies)\b|local policy",
    r"virus|malware|infected|trojan",
    r"als spam|spamverdacht|sperrliste|aus sicherheitsgr|pol[ií]tica|contenido|courrier ind[eé]sirable",
    r"スパム|迷惑|拒否|垃圾邮件|垃圾郵件|拒收",
)
"""The sender's own matter: reputation, proof of origin, rights to relay, a policy."""

RULES = any_of(
    r"authentication",
    r"\btls\b",
    r"encryption (?:is )?(?:needed|required)",
    r"only accepts? (?:mail|messages|e-?mail)",
    r"(?:not|un)\W?(?:permitted|authori[sz]ed|allowed|approved)\b",
    r"authori[sz]ation (?:is )?(?:required|failed)|permission to (?:send|post)|may not (?:send|post)",
    r"authrequired",
    r"(?:access|service|mail|message|delivery) (?:is |was |has been )?(?:denied|prohibited)\b",
    r"whitelist|white list|allow ?list|restricted|notauthori|accessdenied",
    r"content (?:was )?(?:rejected|denied|filter|restriction|block)",
    r"illegal attachment|attachment (?:type|not)|banned",
    r"messages? (?:was |were |has been )?(?:content )?(?:rejected|denied|refused)",
    r"mail (?:was |has been )?(?:rejected|refused)|not accepted for",
    r"(?:message|mail) headers?\b|header (?:is |was )?(?:missing|invalid|malformed)|no [\w-]+ field",
    r"rfc ?\d{3,4}|not rfc|8-?bit|non-?ascii|bare lf|looks like",
)
"""Rules about rights, form and content; less plain, and said in passing, too, of a mailbox that is not there."""

DEAD_WORDS = any_of(
    rf"{WHO}(?: address| name| id)?\W{{0,4}}(?:x\W{{0,4}})?(?:is |was |are )?(?:an? )?(?:unknown|not"
    r" known|non-?existent|undefined|unrecogni[sz]ed)",
    rf"{WHO}(?: address| name| id)?\W{{0,4}}(?:x\W{{0,4}})?(?:is |was |are )?not (?:be )?(?:found"
    r"|recogni[sz]ed|listed|registered|exist\w*|a valid)",
    rf"{WHO}\W{{0,4}}(?:x\W{{0,4}})?(?:is |was )?(?:an? )?(?:invalid|not valid|wrong|incorrect)",
    rf"{WHO} name not allowed",
    r"(?:unknown|not known|invalid|bad|illegal|incorrect|wrong|non-?existent|nonexistent"
    r"|unrecogni[sz]ed) (?:or \w+ )?(?:final |local |virtual |destination |delivery |rcpt |e-?mail"
    rf" ){{0,2}}{WHO}",
    r"unknown(?: or \w+)? (?:local|user)|unknown to (?:us|this)|userunknown|unknownuser",
    r"bad recipient\b|\bunknown (?:local-?part|receiver|rcpt|id)\b|bad destination",
    r"invalid (?:final )?delivery",
    r"no such (?:\w+ )?(?:user|mailbox|mail box|recipient|person|address|account|name|addressee|local"
    r"|e-?mail|customer|alias|id\b)",
    r"nosuchuser|no such .{0,40} here",
    r"(?:sorry, )?no (?:mail-?box|user|account|recipient|person|subscriber)s? (?:here|by|with|of"
    r"|named|called|found|matching|exists)",
    r"no mail-?box|no valid (?:recipient|mailbox|user)",
    r"(?:does|do|did)(?: not|n't|nt) (?:\w+ )?exist|(?:is|are) not exist|no longer exist|never exist",
    r"not existing|non-?existent (?:user|mailbox|account|address|recipient)",
    r"(?:does|do)(?: not|n't) have an? (?:\S+ ){0,3}(?:account|mailbox|user)",
    r"(?:is not|isn't|not) an? (?:\w+ ){0,3}(?:user|mailbox|recipient|account|customer|subscriber"
    r"|address)\b",
    r"not our customer|not listed in|not (?:\w+ )?match (?:an?|any)|no match(?:es)?\b",
    r"not in (?:our|my|the|this) (?:\S+ ){0,2}(?:directory|database|list of users|user list)",
    r"(?:couldn't|could not|cannot|can't|wasn't|unable to) (?:be )?(?:find|found|locate|located"
    r"|identify|recogni[sz]e)(?: at x|(?: the| this| your| that)? (?:\w+ )?(?:recipient|user|address"
    r"|mailbox|person|account))",
    r"address(?:es)? (?:\S+ ){0,3}(?:couldn't|could not|cannot|can't|wasn't) (?:be )?found",
    r"address not found|recip(?:ient)?notfound|recipient ?not ?found|not found by smtp address",
    r"undeliverable address",
    r"recipient (?:is )?not (?:ok|on this)|mailnickname|out of date address",
    r"not (?:a )?deliverable address",
    rf"(?:{WHO}|x) (?:is |are |was )?no longer\b",
    r"no longer (?:valid|in use|works?|employed|(?:an? )?(?:active|valid|registered))",
    r"(?:has|have) (?:\w+ )?moved|left (?:the|our) (?:company|organi[sz]ation)",
    r"wrong or no longer|(?:is )?not (?:a )?local (?:user|mailbox|address)",
    r"not hosted here|unavailable or not local|does not have a final",
    r"discontinued",
    r"(?:account|mailbox|address) (?:\S+ ){0,3}(?:closed|deleted|removed|terminated|cancell?ed)",
    r"unbekannte\w* (?:benutzer|empf|nutzer|adress|user|mail)",
    r"(?:benutzer|empf\S+nger|nutzer|adressat|user|postfach|mailbox)\S* (?:\S+ ){0,3}(?:unbekannt"
    r"|existiert nicht|nicht gefunden|nicht bekannt)",
    r"existiert nicht|nicht vorhanden",
    r"(?:utilisateur|destinataire|compte) (?:\S+ ){0,3}(?:inconnu|inexistant|introuvable|invalide)",
    r"n'existe (?:pas|plus)|adresse (?:\S+ ){0,3}(?:inconnue|inexistante|invalide)|non recens",
    r"(?:usuario|destinatario|cuenta|direcci[oó]n|buz[oó]n|casilla|utente|indirizzo|casella"
    r"|usu[aá]rio|destinat[aá]rio|conta|endere[cç]o|caixa)\S* (?:\S+ ){0,5}(?:desconocid|inexistente"
    r"|inv[aá]lid|no v[aá]lid|sconosciut|inesistente|non valid|desconhecid|n[aã]o encontrad|no"
    r" encontrad|non trovat)",
    r"(?:no|non|n[aã]o) (?:existe|esiste)|bestaat niet|onbekende? (?:gebruiker|ontvanger)",
    r"gebruiker (?:\S+ )?onbekend|nie istnieje|nieznany (?:u[zż]ytkownik|odbiorca|adres)",
    r"brak (?:takiego )?(?:u[zż]ytkownika|adresu|konta|skrzynki)",
    r"ok[aä]nd (?:mottagare|anv[aä]ndare)|ukendt (?:modtager|bruger)|ukjent (?:mottaker|bruker)",
    r"(?:пользователь|адрес|ящик|получатель)\S* (?:\S+ ){0,3}не (?:найден|существует|зарегистрирован)",
    r"несуществующ|нет такого",
    r"неизвестн\w+ (?:пользовател|получател|адрес)",
    r"存在しません|存在しない|見つかりません|宛先不明|ユーザー?(?:が|は)?(?:不明|いません)",
    r"不存在|找不到(?:收件人|用户|用戶)|无此用户|無此用戶|没有这个用户|查无此",
)
"""There is no such mailbox, or nobody will open it again."""

UNAVAILABLE_WORDS = any_of(
    r"user (?:is )?not local",
    r"5\d\d permanent failure for one or more recipients",
    r"mailbox (?:is )?(?:unavailable|not available|currently unavailable)|mailbox name not allowed",
    r"(?:user|account|address|recipient) (?:is )?(?:not available|unavailable)|recipient rejected",
    r"unroute?able (?:address|mail|user)|unrouteable|invalid recipients?\b|bad address",
    r"address (?:is )?rejected\b",
    r"(?:recipient|rcpt)\w* (?:address )?(?:was |is |has been )?(?:rejected|refused)",
)
"""Less plain words for the same; others use them for closed doors, too, and then say more."""

NO_DOMAIN_WORDS = any_of(
    r"(?:host|domain)(?: or domain name)?(?: name)?\W{0,3}(?:x\W{0,3})?(?:is |was )?(?:not found"
    r"|unknown|non-?existent|invalid|not valid|isn't valid|not exist)",
    r"(?:host|domain|x) (?:\S+ )?(?:does not|doesn't|couldn't|could not|cannot) (?:be found|exist|be"
    r" resolved)",
    r"domain (?:x )?(?:couldn't|could not|cannot) be",
    r"(?:unknown|invalid|no such|non-?existent|bad|illegal) (?:mail )?(?:host|domain)|nxdomain|null mx",
    r"(?:no|find|found|any) mx\b|no mx(?: or| record)|does not accept (?:any )?(?:mail|e-?mail)",
    r"domain mentioned in email address is unknown|non-?existent hosts?|no smtp service|no valid hosts",
    r"couldn't find any host|cannot find (?:a )?(?:host|mail exchanger)",
    r"name or service not known|nodename nor servname|no address associated with|illegal host/domain",
    r"badly formed|syntax error in (?:mailbox )?address",
    r"domain (?:wurde )?nicht gefunden|unbekannte[rn]? (?:host|domain)",
    r"dominio (?:\S+ )?(?:inexistente|no existe|non esiste|desconocido|sconosciuto)",
    r"domaine (?:inconnu|inexistant)",
)
"""There is no such domain, or it takes no mail."""

CLOSED_WORDS = any_of(
    rf"{WHO}\S*\W{WORD}{{0,6}}(?:disabled|inactive|suspended|deactivated|de-activated|locked|expired"
    r"|not active|not (?:been )?(?:activated|enabled)|frozen|on hold)",
    rf"(?:disabled|inactive|suspended|deactivated|expired|locked|dormant) (?:\w+ )?{WHO}|disableduser",
    r"account (?:is )?(?:not active|limited|restricted)",
    rf"(?:mailbox|user|account|recipient|x)\W{WORD}{{0,4}}not accepting (?:any )?(?:mail|messages"
    r"|e-?mail)\b(?! from| with)",
    r"not (?:currently )?accepting mail\b(?! from| with)|mail receiving disabled|not been collected",
    r"deaktiviert|(?:konto|postfach)\S* (?:\S+ ){0,3}gesperrt|compte (?:\S+ ){0,2}d[ée]sactiv",
    r"cuenta (?:\S+ ){0,3}(?:deshabilitad|suspendid|inactiv)|ha (?:expirado|caducado)|заблокирован",
    r"отключ[её]н|停止|停用|冻结",
)
"""The mailbox exists and is closed."""

FULL_WORDS = any_of(
    rf"quota|{BOX}\W{WORD}{{0,4}}(?:full|exceed\w*|over its|out of)\b|full mail|is full\b|{BOX} size",
    r"mailbox limit|storage (?:limit|space|allocation)|(?:blocks|inode) limit",
    r"over (?:the )?(?:maximum |allowed )*(?:storage|size|disk|limit)",
    r"insufficient (?:system |disk |mailbox )?(?:storage|space|resources)",
    r"not enough (?:\w+ )?(?:space|storage|room)|space not enough",
    r"out of (?:\w+ )?(?:space|storage)|no (?:more )?(?:disk |free )?space|too much mail",
    r"too many messages (?:on|in)|zu ?viele mails|receiving mail at a rate|maxed out",
    r"too (?:large|big)\b",
    rf"(?:exceed\w*|larger than|bigger than) {WORD}{{0,6}}(?:size|limit|maximum|length)",
    rf"(?:message|mail|file|data) (?:size|length) {WORD}{{0,3}}(?:exceed\w*|limit)",
    rf"size {WORD}{{0,2}}(?:exceed\w*|limit)|maximum {WORD}{{0,3}}size",
    r"(?:postfach|mailbox)\S* (?:\S+ )?(?:ist )?(?:voll|[uü]berf[uü]llt)|speicherplatz",
    r"bo[iî]te (?:\S+ ){0,4}pleine|espace (?:disque )?insuffisant",
    r"(?:buz[oó]n|mailbox) (?:\S+ ){0,2}lleno|casilla (?:\S+ ){0,2}llena|cuota",
    r"casella (?:\S+ ){0,3}piena|spazio (?:\S+ ){0,3}(?:insufficiente|esaurito)",
    r"caixa (?:\S+ ){0,3}cheia|pe[lł]na skrzynka|skrzynka (?:\S+ ){0,2}(?:pe[lł]na|przepe[lł]nion)",
    r"przepe[lł]nion|is vol\b|переполнен|превышен|容量|いっぱい|已满|已滿|空间不足|超出",
)
"""The mailbox, or the letter, is too full."""

NOT_NOW = any_of(
    r"gr[ea]y-?list|try (?:\w+ )?(?:again|later|back)|temporar|timed? ?-?out|tempfail",
    rf"(?:not|no|n't|never) {WORD}{{0,3}}respon",
    r"(?:connection|connect)\w* (?:\S+ ){0,3}(?:refused|failed|reset|lost|dropped|closed|error)",
    r"lost connection",
    r"(?:can't|cannot|couldn't|could not|unable to|wasn't able to|not able to|failed to)"
    rf" {WORD}{{0,2}}(?:connect|establish|reach|contact|open|write|create|lock|chdir|transfer|route)",
    r"too (?:many hops|long in|busy|old)|\bloop(?:s|ing)?\b|mailloop|hop count|\bbusy\b|overload",
    r"maintenance|not reachable|network (?:is )?(?:unreachable|problem|error)|no route to host",
    r"service (?:is )?(?:currently |temporarily )?(?:not available|unavailable|shutting)",
    r"server (?:is )?(?:not available|unavailable|down)|retry (?:time|timeout|limit)",
    r"in (?:the )?(?:mail )?queue|queue (?:lifetime|period)",
    r"(?:delivery|message|lifetime) (?:time )?expired|expired after",
    r"(?:internal|system|software|server|configuration|local|i/o|disk|database|ldap|directory|filter)"
    r" (?:server )?error",
    r"resources? (?:temporarily )?unavailable|cannot allocate|out of memory",
    r"name ?server\W{0,3}(?:\S+ ){0,2}(?:time|error|fail|repl|refus)",
    r"dns (?:error|fail|lookup|problem|query)|queries",
    r"command (?:died|output)|permission denied|insufficient permission",
    r"error (?:opening|writing|reading|creating|in processing)|maximum delivery attempts",
    r"delivery attempts|protocol error|bad sequence|unexpected|could not find a gateway",
    r"(?:unspecified|other|undefined) .{0,30}(?:error|status)",
    r"vor[uü]bergehend|sp[aä]ter (?:noch einmal|erneut|wieder)|zeit[uü]berschreitung|plus tard",
    r"m[aá]s tarde|pi[uù] tardi|mais tarde|временно|позже|しばらく|稍后|暂时",
)
"""A matter of the moment: the way there, the server's state, a delay by design."""

BEFORE_THE_RECIPIENT = any_of(
    r"sender (?:address )?(?:rejected|verify|verification)",
    r"in reply to (?:mail from|helo|ehlo|starttls|auth)\b",
    r"after (?:mail from|helo|ehlo|initial connection|starttls|auth)\b|refused to talk to",
    r"at (?:mail from|connect|helo)\b",
)
"""Replies to commands before any recipient was named: they are never about one."""
