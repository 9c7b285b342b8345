package eu.imi.analysis;

import java.util.function.Supplier;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.bg.BulgarianAnalyzer;
import org.apache.lucene.analysis.cz.CzechAnalyzer;
import org.apache.lucene.analysis.da.DanishAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.el.GreekAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.et.EstonianAnalyzer;
import org.apache.lucene.analysis.fi.FinnishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishAnalyzer;
import org.apache.lucene.analysis.hu.HungarianAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.lt.LithuanianAnalyzer;
import org.apache.lucene.analysis.lv.LatvianAnalyzer;
import org.apache.lucene.analysis.nl.DutchAnalyzer;
import org.apache.lucene.analysis.no.NorwegianAnalyzer;
import org.apache.lucene.analysis.pl.PolishAnalyzer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.ro.RomanianAnalyzer;
import org.apache.lucene.analysis.sv.SwedishAnalyzer;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.AnalyzerFactory;

/** Lucene's analyzers as they come. Production ones also take settings (stop words, exclusions from stemming); these take none. */
public final class Languages {
    private Languages() {}

    /** The name is that of the annotation: the plug-in API reads it. */
    abstract static class Language implements AnalyzerFactory {
        private final Supplier<Analyzer> maker;

        Language(Supplier<Analyzer> maker) { this.maker = maker; }

        @Override
        public Analyzer create() { return maker.get(); }
    }

    @NamedComponent("bulgarian")
    public static class Bulgarian extends Language { public Bulgarian() { super(BulgarianAnalyzer::new); } }

    @NamedComponent("czech")
    public static class Czech extends Language { public Czech() { super(CzechAnalyzer::new); } }

    @NamedComponent("danish")
    public static class Danish extends Language { public Danish() { super(DanishAnalyzer::new); } }

    @NamedComponent("dutch")
    public static class Dutch extends Language { public Dutch() { super(DutchAnalyzer::new); } }

    @NamedComponent("english")
    public static class English extends Language { public English() { super(EnglishAnalyzer::new); } }

    @NamedComponent("estonian")
    public static class Estonian extends Language { public Estonian() { super(EstonianAnalyzer::new); } }

    @NamedComponent("finnish")
    public static class Finnish extends Language { public Finnish() { super(FinnishAnalyzer::new); } }

    @NamedComponent("french")
    public static class French extends Language { public French() { super(FrenchAnalyzer::new); } }

    @NamedComponent("german")
    public static class German extends Language { public German() { super(GermanAnalyzer::new); } }

    @NamedComponent("greek")
    public static class Greek extends Language { public Greek() { super(GreekAnalyzer::new); } }

    @NamedComponent("hungarian")
    public static class Hungarian extends Language { public Hungarian() { super(HungarianAnalyzer::new); } }

    @NamedComponent("irish")
    public static class Irish extends Language { public Irish() { super(IrishAnalyzer::new); } }

    @NamedComponent("italian")
    public static class Italian extends Language { public Italian() { super(ItalianAnalyzer::new); } }

    @NamedComponent("latvian")
    public static class Latvian extends Language { public Latvian() { super(LatvianAnalyzer::new); } }

    @NamedComponent("lithuanian")
    public static class Lithuanian extends Language { public Lithuanian() { super(LithuanianAnalyzer::new); } }

    @NamedComponent("norwegian")
    public static class Norwegian extends Language { public Norwegian() { super(NorwegianAnalyzer::new); } }

    @NamedComponent("polish")
    public static class Polish extends Language { public Polish() { super(PolishAnalyzer::new); } }

    @NamedComponent("portuguese")
    public static class Portuguese extends Language { public Portuguese() { super(PortugueseAnalyzer::new); } }

    @NamedComponent("romanian")
    public static class Romanian extends Language { public Romanian() { super(RomanianAnalyzer::new); } }

    @NamedComponent("spanish")
    public static class Spanish extends Language { public Spanish() { super(SpanishAnalyzer::new); } }

    @NamedComponent("swedish")
    public static class Swedish extends Language { public Swedish() { super(SwedishAnalyzer::new); } }
}
