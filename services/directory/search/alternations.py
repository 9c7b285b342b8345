"""Forms of a word that differ inside it and not only at its end: bankar and bönkum, kaupan and kauppa, zęby and ząb.

Each language has a table, in folded letters. A word without an ending is its core; what stands at the end of a core, or its last
vowel, may be another in the dictionary form. Only words that are known are ever found, so a table may allow too much.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.directory.search.likeness import SHORTEST_BEGINNING

# A shorter core is that of too many words; one of this length is a less sure one than a longer.
SHORTEST_CORE = 3
OF_SHORT_CORE = 0.8
OF_CORE = 0.84

# How Irish changes the beginnings of words.
_MUTATIONS = (("bhf", "f"), ("mb", "b"), ("gc", "c"), ("nd", "d"), ("ng", "g"), ("bp", "p"), ("dt", "t"), ("ts", "s"))
_LENITED = frozenset("bcdfgmpst")
# Vowels that come into a word when it loses its ending: sestra, sester.
_FLEETING = {"cs": "e", "hr": "a", "pl": "e", "sk": "eo", "sl": "e"}
_VOWELS = frozenset("aeiouy")


@dataclass(frozen=True, slots=True)
class Alternations:
    """How forms of a language differ from dictionary forms, written as ``form>dictionary`` where something changes.

    `endings` are those of forms, `dictionary` those of dictionary forms, none where the bare core is a form anyway. `tails` change
    at the end of a core, `vowels` where they last stand in it. `irregular` are whole words.
    """

    endings: str = ""
    dictionary: str = ""
    tails: str = ""
    vowels: str = ""
    irregular: str = ""


_SLAVIC = "a e i o u y ou um em om am ami ach ov ove ovi ow owi owie ie iu ia u"
_NORDIC = "er erne erna r rne en ene et ar arna or orna na"

_OF_LANGUAGE = {
    "is": Alternations(
        endings="a u i s um ur ar ir in id inn inu inum ina ins ans anum unum unni unnar inni innar una urnar arnar irnar arnir irnir "
        "ana anna ara arar arann arans aranum urum urunum arana ararnir",
        dictionary="a i ur ir ari",
        vowels="o>a ae>o e>o a>o e>a u>o",
        irregular="manni>madur manns>madur menn>madur monnum>madur manna>madur mennina>madur fodur>fadir fedur>fadir modur>modir "
        "maedur>modir brodur>brodir braedur>brodir logmanni>logmadur logmenn>logmadur logmonnum>logmadur logmanns>logmadur",
    ),
    "fi": Alternations(
        endings="n t a ta tta ssa sta lla lta lle ksi na en et ia ien iin issa ista illa ille ilta ja jen jin joa jen oita oja oiden "
        "oissa an at on ot in it un ut aan een iin aat eet aita eita assa asta alla alle essa esta ella elle ossa osta "
        "olla olle eja ussa usta ulla ulle ksen kset ksia ksien ksessa ksesta kseen den det teen deksi men met mia mien mesta",
        dictionary="a e i o u as s n in",
        tails="hd>ht p>pp t>tt k>kk pp>p tt>t kk>k d>t v>p mm>mp nn>nt ng>nk ll>lt rr>rt r>rk mp>mm rt>rr nt>nn lt>ll nk>ng t>d",
        irregular="lain>laki lait>laki laista>laki laissa>laki lapsen>lapsi lapset>lapsi lasten>lapsi",
    ),
    "et": Alternations(
        endings="a e i u ad ed id ud as es is us ast est ist ust ale ele ile ule al el il ul at et it ut aid eid sid ide ade "
        "tu tus tut te tele ba bad baid",
        dictionary="as us es is a i u",
        tails="g>k b>p d>t mb>mm nn>nd ll>ld k>kk p>pp t>tt",
        irregular="joe>jogi joed>jogi last>laps poe>pood poed>pood poes>pood toa>tuba maod>madu tutre>tutar tutred>tutar "
        "vee>vesi kae>kasi keele>keel",
    ),
    "hu": Alternations(
        endings="ak ek ok at et ot akat eket okat on en an hoz hez nal nel rol tol ban ben bol",
        irregular="lovak>lo lovat>lo lovam>lo kovek>ko tavak>to fuvek>fu",
    ),
    "pl": Alternations(
        endings=_SLAVIC + " iach",
        dictionary="a e o ek",
        tails="c>k dz>g ci>t c>t sci>st rz>r k>ek zi>z si>s dzi>d",
        vowels="e>a a>e o>u u>o",
        irregular="psa>pies psy>pies psom>pies psow>pies miescie>miasto miesci>miasto swiadkowie>swiadek swiadka>swiadek "
        "dzieciom>dziecko dzieci>dziecko dziecmi>dziecko",
    ),
    "cs": Alternations(
        endings=_SLAVIC,
        dictionary="a e o y",
        tails="n>en z>h c>k s>ch ct>ck st>sk luv>louv ctu>cet",
        vowels="o>u u>o",
        irregular="psi>pes psa>pes psu>pes psy>pes deti>dite detem>dite ditete>dite uctu>ucet ucty>ucet smluv>smlouva",
    ),
    "sk": Alternations(
        endings=_SLAVIC + " och iach ich",
        dictionary="a e o",
        tails="c>k ci>k ier>r iet>t iek>k ien>n ie>",
        irregular="deti>dieta detom>dieta dietata>dieta psa>pes psi>pes psy>pes uctu>ucet ucty>ucet zien>zena",
    ),
    "hr": Alternations(
        endings=_SLAVIC + " ovi ova ovima ima ama eva evi",
        dictionary="a e o",
        tails="c>k z>g s>h ak>k ar>r ac>c",
        irregular="oca>otac ocu>otac ocevi>otac psa>pas psi>pas psu>pas posla>posao poslovi>posao poslu>posao djeca>dijete "
        "djece>dijete djecu>dijete djeteta>dijete",
    ),
    "sl": Alternations(
        endings=_SLAVIC + " ih ega ima ama",
        dictionary="a e o ek ec",
        tails="c>k z>g k>ek c>ec",
        irregular="oceta>oce ocetu>oce psa>pes psi>pes psu>pes ljudje>clovek ljudi>clovek otroka>otrok otroke>otrok",
    ),
    "bg": Alternations(
        endings="и ът ят а я ите ата ето та у е ове ове та ия",
        dictionary="а я е о",
        tails="ц>к з>г с>х",
        irregular="ръце>ръка ръцете>ръка",
    ),
    "lv": Alternations(
        endings="a i u am em im s as es is os us iem ai ei e ems",
        dictionary="s is e a us",
        tails="z>d s>t c>t",
        irregular="suna>suns suni>suns sunu>suns",
    ),
    "lt": Alternations(
        endings="o u e oje uje iuje iaus iai io iu iams ius iais iuose ys es is iui ies",
        dictionary="is as e a ys",
        tails="dz>d c>t",
        irregular="suns>suo sunys>suo suni>suo suniui>suo",
    ),
    "ga": Alternations(
        endings="a e i anna ai",
        vowels="ai>a oi>o ui>u ei>ea i>ea",
        irregular="fiacla>fiacail leanai>leanbh linbh>leanbh mna>bean mnaoi>bean deartharacha>deartha scoileanna>scoil",
    ),
    "mt": Alternations(
        irregular="tobba>tabib snien>sinna kotba>ktieb banek>bank skejjel>skola djar>dar rgiel>ragel tfal>tifel tfal>tifla armi>arma "
        "klieb>kelb qtates>qattus bwieb>bieb twieqi>tieqa xoghlijiet>xoghol toroq>triq ibliet>belt isqfa>saqaf bastimenti>bastiment "
        "hwienet>hanut zwiemel>ziemel ghasafar>ghasfur sengha>sengha bhejjem>bhima haddiema>haddiem hwejjeg>haga dghajjes>dghajsa"
    ),
    "ro": Alternations(
        endings="i e ei ii ile ilor ele elor le ul ului ului",
        dictionary="a e",
        tails="z>d t>t st>sc",
        vowels="o>oa e>a e>ea",
    ),
    "pt": Alternations(endings="oes aes aos eis", dictionary="ao il", irregular="paes>pao caes>cao maos>mao"),
    "es": Alternations(endings="ces", dictionary="z", irregular="luces>luz peces>pez voces>voz"),
    "sv": Alternations(endings=_NORDIC, tails="ck>k tt>t", irregular="fotterna>fot man>man"),
    "da": Alternations(endings=_NORDIC, vowels="ae>a", irregular="haender>hand"),
    "nb": Alternations(endings=_NORDIC, vowels="e>a"),
    "nl": Alternations(endings="eren", irregular="schepen>schip steden>stad leden>lid wegen>weg"),
    "fr": Alternations(irregular="yeux>oeil"),
    "it": Alternations(irregular="uomini>uomo buoi>bue mani>mano uova>uovo"),
    "en": Alternations(
        irregular="teeth>tooth feet>foot mice>mouse geese>goose men>man women>woman wives>wife "
        "knives>knife children>child people>person"
    ),
}  # fmt: skip


def _endings(written: str) -> tuple[str, ...]:
    """The bare core, and each of the endings."""
    return ("", *dict.fromkeys(written.split()))


def _pairs(written: str) -> Mapping[str, tuple[str, ...]]:
    """What each changed part may be in the dictionary form."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in written.split():
        changed, plain = one.split(">")
        if changed != plain and plain not in found[changed]:
            found[changed].append(plain)
    return {changed: tuple(plain) for changed, plain in found.items()}


class Cores:
    """The known words of a language by their cores, and which of them another word is a form of."""

    def __init__(self, known: Iterable[str], language: str) -> None:
        its = _OF_LANGUAGE.get(language, Alternations())
        self._known = frozenset(known) if language in _OF_LANGUAGE else frozenset[str]()
        self._endings = _endings(its.endings)
        self._tails, self._vowels, self._irregular = _pairs(its.tails), _pairs(its.vowels), _pairs(its.irregular)
        self._words: dict[str, list[str]] = defaultdict(list)
        dictionary = _endings(its.dictionary)
        for word in sorted(self._known):
            for core in _cores(word, dictionary):
                self._words[core].append(word)

    def of(self, word: str) -> dict[str, float]:
        """The known words that *word* is a form of, each with how like it is."""
        found: dict[str, float] = {}
        for core in _cores(word, self._endings):
            for other in self._changed(core):
                likeness = OF_CORE if len(other) > SHORTEST_CORE else OF_SHORT_CORE
                for known in self._words.get(other, ()):
                    found[known] = max(likeness, found.get(known, 0.0))
        for plain in self._irregular.get(word, ()):
            if plain in self._known:
                found[plain] = OF_CORE
        return found

    def _changed(self, core: str) -> Iterator[str]:
        """*core*, and what it may be in the dictionary form."""
        ends = [core]
        for length in (1, 2, 3):
            ends += [core[:-length] + plain for plain in self._tails.get(core[-length:], ())]
        for one in ends:
            yield one
            for vowel, others in self._vowels.items():
                at = one.rfind(vowel)
                if at >= 0:
                    yield from (one[:at] + other + one[at + len(vowel) :] for other in others)


def _cores(word: str, endings: Iterable[str]) -> Iterator[str]:
    """*word* without each of the *endings* that it has, where enough of it is left."""
    for one in endings:
        if word.endswith(one) and len(word) - len(one) >= SHORTEST_CORE:
            yield word[: len(word) - len(one)]


def unchanged(word: str, language: str) -> list[str]:
    """*word*, and it without what its place in a sentence changed elsewhere than at its end."""
    forms = [word]
    if language == "ga":
        forms += [plain + word[len(changed) :] for changed, plain in _MUTATIONS if word.startswith(changed)]
        if len(word) > 2 and word[0] in _LENITED and word[1] == "h":
            forms.append(word[0] + word[2:])
        if word[0] == "h" and word[1:2] in _VOWELS:
            forms.append(word[1:])
    fleeting = _FLEETING.get(language, "")
    if len(word) > SHORTEST_BEGINNING and word[-2] in fleeting and _VOWELS.isdisjoint((word[-3], word[-1])):
        forms.append(word[:-2] + word[-1])
    return forms
