"""Words behind which a point ends no sentence, by language: those that legal and official texts are full of.

Single letters and ordinals of one or two digits need no mention.
"""

from collections.abc import Mapping

ABBREVIATIONS: Mapping[str, frozenset[str]] = {
    # Of `f.eks.` the last part stands in front of the point.
    language: frozenset(word.rpartition(".")[2] for word in words.split())
    for language, words in {
        # In front of a number, in any language.
        "": "art no nr čl br č št str tel par sec nb nos pkt lit poz rel cap",
        "bg": "чл ал бр бул ген гр др изм инж им исх к кв лв напр обн общ пл пр проф св сл см стр т тел ул хил",
        "cs": "čl odst písm tj tzn např č čís mj tzv popř resp sb str ust vč zák ing mgr judr bc dr phd r roč ul nám tel",
        "da": "art stk nr pkt bl.a bl ca dvs evt f.eks fx hhv inkl jf kr m.fl mv maks min osv pga tlf vedr ang litra kap dr",
        "de": "abs art nr bzw ca ggf usw vgl z.b bspw inkl evtl sog u.a d.h buchst ziff str dr prof st tel zzgl kap mio lit",
        "el": "αρ άρθ παρ βλ π.χ κ.λπ κλπ κ.ά κ.α δηλ εδ περ στοιχ τηλ αρ.πρωτ πρβλ σελ κεφ δρ λεωφ οδ",
        "en": "art nos e.g i.e eg ie cf mr mrs ms dr prof st vs etc para paras sec inc ltd co fig vol p pp approx dept",
        "es": "art arts núm n.º sr sra dr dra d dña p.ej ej ap apdo párr pág págs tel avda c ud uds etc cfr",
        "et": "art lk nr jne jt nt vt vrd st s.o lg lõige p dr prof tel tn mnt ca u",
        "fi": "art esim ks mm n nro os tms vrt yms ym ns s so mk puh dr tri prof toim ko",
        "fr": "art al no n° p pp m mme mlle dr pr cf ex etc par réf tél av bd st ste env min max",
        "ga": "alt uimh m.sh msh srl lch lgh an dr ll fo-mhír mír e.g",
        "hr": "čl st br npr tj tzv itd sl dr mr prof ing str tel ul v vidi toč podst god",
        "hu": "bek cikk sz pl ill kb stb vö ún dr prof pf tel u ker ld min max o old évf ig szerk",
        "is": "gr nr mgr t.d þ.e o.s.frv m.a o.fl sbr bls kr dr skv tl stafl tölul",
        "it": "art artt n nn lett p pag pagg sig sigg sig.ra dott prof ing avv par cfr ecc es v tel all co cpv",
        "lt": "str d nr pvz t.y t.t ir.pan pan žr tel a k m g mėn gyv plg dr prof ul pr al",
        "lv": "p nr piem t.i u.c u.tml utt sk lpp tālr plkst ls dr prof iel pk apm",
        "mt": "art nru eż p.eż eċċ i.e sur sinj dr prof tel par paġ",
        "nb": "art nr bl.a bl ca dvs ev f.eks fig hhv inkl jf kr mfl mv maks min osv pga tlf vedr kap dr",
        "nl": "art nr blz bv bijv ca dhr mevr dr drs ing mr enz evt i.v.m incl o.a resp tel vgl zgn nl st lid",
        "pl": "art ust pkt lit nr np itd itp tj tzn tzw ul al pl dr mgr inż prof r ww ok poz por str tel zm dz ok",
        "pt": "art arts n.º n sr sra dr dra eng prof p ex pág págs tel av al núm etc cf",
        "ro": "art alin lit nr pct dl dna dr ing prof str bd tel ex etc cf op pag pg jud mun",
        "sk": "čl ods písm tj t.j napr č čís mj tzv resp zb str vrát zák ing mgr judr bc dr phd ul nám tel",
        "sl": "čl odst št npr itd ipd tj t.i oz dr mag prof ing str tel ul al tč gl sl",
        "sv": "art nr bl.a bl ca dvs ev f.d f.n fr.o.m t.ex t.o.m inkl jfr kr m.fl m.m osv resp s.k tel kap st dr p g",
    }.items()
}
