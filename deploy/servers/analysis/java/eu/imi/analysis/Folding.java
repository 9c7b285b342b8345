package eu.imi.analysis;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.icu.ICUFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.elasticsearch.plugin.Inject;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.settings.AnalysisSettings;
import org.elasticsearch.plugin.settings.BooleanSetting;

/** Filters that make letters alike: of Latin scripts only, or of all. */
public final class Folding {
    private Folding() {}

    @AnalysisSettings
    public interface Settings {
        @BooleanSetting(path = "preserve_original", defaultValue = false)
        boolean preserveOriginal();
    }

    @NamedComponent("asciifolding")
    public static class Ascii implements TokenFilterFactory {
        private final boolean preserveOriginal;

        @Inject
        public Ascii(Settings settings) { preserveOriginal = settings.preserveOriginal(); }

        @Override
        public TokenStream create(TokenStream tokens) { return new ASCIIFoldingFilter(tokens, preserveOriginal); }

        /** A keyword has one value, so only the folded one can be compared. */
        @Override
        public TokenStream normalize(TokenStream tokens) { return new ASCIIFoldingFilter(tokens); }
    }

    @NamedComponent("icu_folding")
    public static class Icu implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream tokens) { return new ICUFoldingFilter(tokens); }

        @Override
        public TokenStream normalize(TokenStream tokens) { return create(tokens); }
    }
}
