import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import org.h2.mvstore.MVStore;

/** Runs the server on a file: {@code Main <file> <port>}. */
public class Main {
    /** Current drivers refuse wire versions below 9; 13 is that of MongoDB 5.0. */
    static class Version implements MongoVersion {
        public List<Integer> getVersionArray() { return List.of(5, 0, 0); }

        public int getWireVersion() { return 13; }
    }

    /**
     * One command at a time, on disk before it is answered. Left alone, the store is written once a second, at any moment within
     * a command: a kill would lose what was acknowledged, or keep a document without its index entries.
     */
    static class Durable extends H2Backend {
        private static final int COMPACT_AFTER = 1_000;
        private int commits;

        Durable(MVStore store) { super(store); }

        @Override
        public synchronized Document handleMessage(MongoMessage message) {
            try {
                return super.handleMessage(message);
            } finally {
                if (getMvStore().hasUnsavedChanges()) {
                    commit();
                    if (++commits % COMPACT_AFTER == 0) getMvStore().compact(50, 16 << 20);
                }
            }
        }
    }

    public static void main(String[] arguments) {
        MVStore store = new MVStore.Builder().fileName(arguments[0]).autoCommitDisabled().open();
        // Space is used again at once: what it guards against is a loss of power, not a kill.
        store.setRetentionTime(0);
        MongoServer server = new MongoServer(new Durable(store).version(new Version()));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind("127.0.0.1", Integer.parseInt(arguments[1]));
    }
}
