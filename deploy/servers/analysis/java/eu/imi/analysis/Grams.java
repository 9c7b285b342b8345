package eu.imi.analysis;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.ngram.NGramTokenFilter;
import org.elasticsearch.plugin.Inject;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.settings.AnalysisSettings;
import org.elasticsearch.plugin.settings.BooleanSetting;
import org.elasticsearch.plugin.settings.IntSetting;

/** Filters that cut words into pieces, with the settings and defaults of the production ones. */
public final class Grams {
    private Grams() {}

    @AnalysisSettings
    public interface Settings {
        @IntSetting(path = "min_gram", defaultValue = 1)
        int shortest();

        @IntSetting(path = "max_gram", defaultValue = 2)
        int longest();

        @BooleanSetting(path = "preserve_original", defaultValue = false)
        boolean preserveOriginal();
    }

    @NamedComponent("ngram")
    public static class Anywhere implements TokenFilterFactory {
        private final Settings settings;

        @Inject
        public Anywhere(Settings settings) { this.settings = settings; }

        @Override
        public TokenStream create(TokenStream tokens) {
            return new NGramTokenFilter(tokens, settings.shortest(), settings.longest(), settings.preserveOriginal());
        }
    }

    @NamedComponent("edge_ngram")
    public static class AtTheBeginning implements TokenFilterFactory {
        private final Settings settings;

        @Inject
        public AtTheBeginning(Settings settings) { this.settings = settings; }

        @Override
        public TokenStream create(TokenStream tokens) {
            return new EdgeNGramTokenFilter(tokens, settings.shortest(), settings.longest(), settings.preserveOriginal());
        }
    }
}
