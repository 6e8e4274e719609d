"""What shops call a shopper whom they do not know, in the languages that most of them write.

In lower case and without accents. A till that asks nobody's name sells to a walk-in or a passer-by.
"""

_STRANGERS = """
    guest gast gaste invite invitee invitado invitada convidado convidada ospite gaest gjest vieras
    gosc misafir vendeg гость гість ゲスト 访客 訪客 游客 遊客 게스트 손님 ضيف
    anonymous anonym anonyme anonymer anonimo anonima anoniem anonyymi anonimowy anonim аноним
    анонимный анонім 匿名 익명 مجهول
    unknown unbekannt inconnu inconnue desconocido desconocida desconhecido desconhecida sconosciuto
    onbekend ukendt ukjent okand tuntematon nieznany neznamy bilinmeyen неизвестно неизвестный 不明
    未知 미상
    nobody noone niemand keiner personne aucun nadie ninguno ninguem nessuno ingen nikt никто
    unregistered nonregistered notregistered nichtregistriert
"""
_VISITORS = """
    visitor besucher visiteur visitante visitatore bezoeker besokare besogende besokende vierailija
    ziyaretci посетитель 방문자
    walkin laufkunde laufkundschaft passant barverkauf tagesverkauf consumidor dummy
    shopper buyer member client kunde kundin cliente klant kund klient клиент 顧客 客户
"""
_OTHERS_FIRST = """
    null none nil undefined missing default no empty cash pos counter onetime new generic temp
    temporary sample demo test retail web website online anon
"""
_OTHERS_NEXT = """
    null none nil undefined id email phone name user customer account string value checkout session
    order purchase sale benutzer nutzer konto bestellung utilisateur compte commande usuario
    cuenta pedido utente ordine gebruiker bestelling
"""
WORDS = frozenset((_STRANGERS + _VISITORS).split())
JOINED_FIRST = WORDS.union(_OTHERS_FIRST.split(), ("user", "customer"))
"""The first of several words that stand for nobody together: cash customer, guest checkout."""
JOINED_NEXT = WORDS.union(_OTHERS_NEXT.split())
PHRASES = frozenset(
    {
        *("cash sale", "counter sale", "over the counter", "keine angabe", "k.a.", "ohne namen"),
        *("kein kunde", "kein name", "kunde diverse", "diverse kunden", "sans nom", "sans compte"),
        *("client de passage", "client comptoir", "vente comptoir", "client divers"),
        *("clients divers", "sin nombre", "senza nome", "sem nome", "consumidor final"),
        *("cliente final", "cliente mostrador", "cliente varios", "clientes varios"),
        *("cliente generico", "cliente balcao", "publico en general", "publico general"),
    }
)
