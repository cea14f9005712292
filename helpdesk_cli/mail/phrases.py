"""What mail programs write around a quotation, in the languages in which they do.

Data for ``quotes``: lower case, matched as parts of a line or as its beginning. Sources are the texts of
Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, GMX, K-9, QQ, 163 and Mail.ru. A language that is missing
here costs less than it seems: dates, times and addresses are evidence in all of them.
"""

# The word that makes a line with a date, a time or an address an attribution.
WROTE = (
    " wrote", " writes", " said:", "quoting ",
    "schrieb", "zitat von",
    " a écrit", " écrit", "a ecrit",
    "escribió", "escribio", "escribiò",
    "ha scritto", " scrive",
    " schreef", " schreef:", " geschreven",
    "escreveu",
    "napisał", " pisze", "napisao",
    "пишет", "написал", "писал", "написа",
    "写道", "寫道", "写到",
    "のメール", "書きました", "書いた", "からのメッセージ", "wrote：",
    " skrev", "skrev:",
    "napsal", "napísal",
    "yazdı", "yazmış",
    "작성", " 쓴 글", "썼습니다",
    "kirjoitti", "írta", "a scris", "έγραψε", "כתב", "كتب", "đã viết",
)  # fmt: skip

# The first word of an attribution that was wrapped, besides weekdays and figures.
STARTS = frozenset((
    "on", "am", "le", "el", "il", "em", "op", "den", "dne", "dnia", "w", "på", "d.", "в", "в:", "a", "lo",
    "quoting", "zitat", "le:", "om", "på:", "ngày", "în", "την",
))  # fmt: skip

# Between dashes: the earlier mail follows.
ORIGINAL = (
    "original", "ursprüng", "urspr", "message d'origine", "message d’origine", "messaggio originale",
    "mensaje original", "mensagem original", "oorspronkelijk", "oryginaln", "исходное", "исходного",
    "原始邮件", "原始郵件", "原邮件", "邮件原件", "元のメッセージ", "元のメール", "oprindelig", "opprinnelig",
    "původní", "özgün", "orijinal", "원본", "alkuperäinen", "eredeti", "mesaj original", "αρχικό", "reply message",
)  # fmt: skip

# Between dashes, or ending in a colon: the mail that is forwarded follows.
FORWARDED = (
    "forwarded message", "forwarded by", "forwarded mail", "forwarded email",
    "weitergeleitete nachricht", "weitergeleiteten nachricht", "weitergeleitete e-mail", "weitergeleitet von",
    "message transféré", "message réexpédié", "message transmis", "mail transféré",
    "mensaje reenviado", "mensaje remitido",
    "messaggio inoltrato", "inoltrato da",
    "doorgestuurd bericht", "doorgestuurde bericht",
    "mensagem encaminhada", "mensagem reencaminhada",
    "przekazana wiadomość", "przekazanej wiadomości", "przekazywanej wiadomości",
    "пересылаемое сообщение", "перенаправленное сообщение", "переадресованного сообщения",
    "пересланное сообщение", "пересылаемого сообщения",
    "转发的邮件", "转发邮件", "转发的消息", "轉寄的郵件", "被转发", "转发邮件信息", "轉寄郵件",
    "転送メッセージ", "転送されたメッセージ", "転送する", "転送メール",
    "vidarebefordrat", "videresendt", "přeposlan", "iletilen", "yönlendirilen", "전달된 메시지",
)  # fmt: skip

# Outlook's header block: what each line of it names.
HEADERS = {
    word: kind
    for kind, words in (
        ("from", "from|von|de|da|van|från|fra|od|от|от кого|kimden|gönderen|发件人|寄件者|寄件人|差出人|送信者"
                 "|보낸 사람|보낸사람|lähettäjä|από|expéditeur|remetente|remitente|mittente|afzender|nadawca"),
        ("sent", "sent|date|gesendet|datum|envoyé|envoyée|enviado|enviado el|enviada em|enviado em|fecha|inviato"
                 "|verzonden|skickat|sendt|dato|wysłano|wysłane|data|odesláno|отправлено|дата|gönderildi|tarih"
                 "|gönderme tarihi|发送时间|发送日期|时间|日期|傳送時間|寄件日期|送信日時|送信日|日時|日付|보낸 날짜"
                 "|보낸날짜|날짜|lähetetty|päivämäärä|sent on|date d'envoi"),
        ("to", "to|an|à|a|para|aan|till|til|do|komu|кому|kime|kimе|alıcı|收件人|收件者|宛先|받는 사람|받는사람"
               "|vastaanottaja|προς|destinataire|destinatario|destinatário|per"),
        ("cc", "cc|kopie|copie|копия|dw|kopia|抄送|副本|참조|bcc|bilgi|kopi"),
        ("subject", "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|temat|тема|主题|主旨|件名|제목|ämne"
                    "|emne|předmět|konu|aihe|re|θέμα|sujet"),
    )
    for word in words.split("|")
}  # fmt: skip

# A line with which a telephone or a mail program advertises itself; whole lines, at the end of a text.
DEVICES = (
    r"sent from (?:my|an?|outlook|mail|yahoo|proton|samsung|gmail|aol|mailspring|the all[- ]new)\b",
    r"sent (?:via|with|using|by) (?:my|the|proton|k-9|mailspring|samsung|spark|fairemail|yahoo|aol|outlook|a mobile)\b",
    r"get outlook for\b", r"sent from mobile", r"download outlook",
    r"von meine[mr] .{1,60}gesendet", r"gesendet (?:von|mit|über) ", r"diese nachricht wurde von mein",
    r"von outlook für .{1,20}gesendet", r"outlook für (?:ios|android|mac)\b", r"mit .{1,30} gesendet$",
    r"holen sie sich outlook",
    r"envoyé (?:de|depuis|à partir d[eu']|avec|par) ?", r"télécharge[rz] outlook", r"obtenir outlook",
    r"obtenez outlook",
    r"enviado (?:desde|con|do|a partir do|pelo|de|via) ", r"obtener outlook", r"obtén outlook", r"obter o outlook",
    r"obtenha o outlook",
    r"inviato (?:da|dal|con|tramite) ", r"scarica outlook", r"ottieni outlook",
    r"(?:verzonden|verstuurd|verzonden met) (?:vanaf|vanuit|via|met|van) ", r"outlook voor (?:ios|android)",
    r"download outlook voor", r"outlook downloaden",
    r"wysłan[eo] (?:z|za pomocą|przez) ", r"pobierz (?:aplikację )?outlook", r"wysłane z telefonu",
    r"отправлено (?:с|из|через|от) ", r"послано с ", r"получите outlook", r"скачать outlook",
    r"发自我?的? ?", r"發自我?的? ?", r"从我的.{1,20}发送", r"來自我的", r"获取.{0,5}outlook", r"取得 outlook",
    r"下载 outlook", r"来自我的", r"用.{1,20}发送$",
    r".{1,20}から送信", r"outlook for .{1,10}を入手", r".{1,20}を使用して送信",
    r"skickat från ", r"skickades från ", r"hämta outlook", r"sendt fra ", r"sendt med ", r"hent outlook",
    r"få outlook", r"skaffa outlook", r"odesláno (?:z|ze|pomocí) ", r"stáhnout outlook", r"získejte outlook",
    r"(?:.{1,30}['’]?(?:umdan|ımdan|imden|ümden|dan|den) )gönderildi", r"outlook.{0,12}edinin", r"outlook.{0,20}indir",
    r"(?:나의|내) .{1,20}에서 보냄", r".{1,20}에서 (?:보냄|보낸|전송)", r"outlook.{0,10}다운로드", r"lähetetty ",
)  # fmt: skip

# One of these has to stand in such a line: letters are sent from places, too.
MACHINES = (
    "iphon",
    "ipad",
    "ipod",
    "android",
    "samsung",
    "galaxy",
    "huawei",
    "xiaomi",
    "redmi",
    "oneplus",
    "pixel",
    "nokia",
    "xperia",
    "blackberry",
    "motorola",
    " htc",
    " lg",
    "outlook",
    "windows",
    "gmail",
    "gmx",
    "web.de",
    "yahoo",
    "aol",
    "proton",
    "k-9",
    "fairemail",
    "spark",
    "mailspring",
    "mail.ru",
    "yandex",
    "яндекс",
    "почт",
    "freenet",
    "orange",
    "libero",
    "thunderbird",
    "mail for",
    "phone",
    "handy",
    "mobil",
    "móvil",
    "móvel",
    "celular",
    "cellulare",
    "téléphone",
    "telefon",
    "telefoon",
    "teléfono",
    "telemóvel",
    "tablet",
    "телефон",
    "смартфон",
    "手机",
    "手機",
    "電話",
    "スマ",
    "携帯",
    "微信",
    "邮箱",
    "휴대",
    "스마트폰",
    "갤럭시",
)

# Below a quotation: what companies and mailing lists append.
NOTICES = (
    "confidential",
    "intended recipient",
    "disclaimer",
    "unsubscribe",
    "mailing list",
    "antivirus",
    "vertraulich",
    "confidentiel",
    "confidencial",
    "riservat",
    "vertrouwelijk",
    "poufn",
    "конфиденциальн",
    "机密",
    "機密",
    "důvěrn",
    "gizlilik",
    "gizlidir",
    "기밀",
    "fortrolig",
    "konfidentiell",
)

# What virus scanners, lists and the polite append.
FOOTERS = (
    "yahoo mail: search, organi", "please excuse my brevity", "excuse my brevity", "please excuse the brevity",
    "bitte entschuldigen sie die kürze", "bitte entschuldigen sie meine kürze", "bitte verzeihen sie meine kürze",
    "veuillez excuser ma brièveté", "excusez ma brièveté",
    "virus-free", "virenfrei", "virusfri", "virusvrij", "this email has been checked for viruses",
    "this e-mail has been checked for viruses", "this email has been scanned", "diese e-mail wurde von avast",
    "l'absence de virus", "garanti sans virus", "sans virus.", "libre de virus", "privo di virus", "priva di virus",
    "wolny od wirusów", "wolne od wirusów", "без вирусов", "не содержит вирусов", "livre de vírus", "無病毒", "无病毒",
    "you received this message because you", "to unsubscribe from this group", "to unsubscribe, ",
)  # fmt: skip
