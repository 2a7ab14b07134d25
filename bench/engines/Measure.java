import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.lang.StringEscapeUtils;
import org.apache.velocity.Template;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;
import org.apache.velocity.runtime.RuntimeConstants;
import org.apache.velocity.runtime.resource.loader.StringResourceLoader;
import org.apache.velocity.runtime.resource.util.StringResourceRepository;

/** Apache Velocity 1.7 on the inputs of `measure inputs DIR`; prints the lines that `measure table` reads. */
public final class Measure {
    private static final long WARM_UP = 4_000_000_000L;
    private static final int ROUNDS = 5;
    private static final long ROUND = 300_000_000L;

    /** `$input`. */
    public static final class Input {
        private final String body;

        Input(String body) {
            this.body = body;
        }

        public String getBody() {
            return body;
        }
    }

    /** `$util`: `replaceAll` behind it is Java's own. */
    public static final class Util {
        public String escapeJavaScript(String text) {
            return StringEscapeUtils.escapeJavaScript(text);
        }
    }

    /** User and system time of the process: garbage collection counts, as it should. */
    private static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty(RuntimeConstants.RUNTIME_LOG_LOGSYSTEM_CLASS, "org.apache.velocity.runtime.log.NullLogChute");
        engine.setProperty(RuntimeConstants.RESOURCE_LOADER, "string");
        engine.setProperty("string.resource.loader.class", StringResourceLoader.class.getName());
        engine.init();
        StringResourceRepository repository = StringResourceLoader.getRepository();
        Map<String, Object> context = read(directory.resolve("context.properties"));
        for (String name : new String[] {"cured", "original"}) {
            repository.putStringResource(name, Files.readString(directory.resolve(name + ".vtl")));
            Template template = engine.getTemplate(name);
            for (String script : new String[] {"ascii", "cjk"}) {
                for (int size : new int[] {60, 1 << 10, 32 << 10, 128 << 10}) {
                    String body = Files.readString(directory.resolve(script + "-" + size + ".body"));
                    String expected = Files.readString(directory.resolve(name + "-" + script + "-" + size + ".expected"));
                    measure(template, name, script, size, body, context, expected);
                }
            }
        }
    }

    private static String render(Template template, String body, Map<String, Object> message) {
        Map<String, Object> variables = new HashMap<>();
        variables.put("input", new Input(body));
        variables.put("util", new Util());
        variables.put("context", message);
        // Room for the whole output from the start.
        StringWriter out = new StringWriter(body.length() * 2 + 1024);
        template.merge(new VelocityContext(variables), out);
        return out.toString();
    }

    private static long sink;

    private static void measure(
            Template template, String name, String script, int size, String body, Map<String, Object> context, String expected) {
        String output = render(template, body, context);
        if (!output.equals(expected)) {
            throw new IllegalStateException(name + " " + script + " " + size + " renders otherwise:\n" + output);
        }
        for (long start = cpu(); cpu() - start < WARM_UP;) {
            for (int index = 0; index < 16; index++) {
                sink += render(template, body, context).length();
            }
        }
        long bestTime = 0;
        long bestRenders = 0;
        int batch = Math.max(1, (1 << 20) / (size + 1024));
        for (int round = 0; round < ROUNDS; round++) {
            long renders = 0;
            long elapsed;
            long start = cpu();
            do {
                for (int index = 0; index < batch; index++) {
                    sink += render(template, body, context).length();
                }
                renders += batch;
                elapsed = cpu() - start;
            } while (elapsed < ROUND);
            if (bestRenders == 0 || (double) renders / elapsed > (double) bestRenders / bestTime) {
                bestTime = elapsed;
                bestRenders = renders;
            }
        }
        System.out.println(String.join("\t", "Apache Velocity 1.7", name, script, Integer.toString(size),
                Long.toString(bestRenders), Long.toString(bestTime),
                Integer.toString(output.getBytes(StandardCharsets.UTF_8).length)));
    }

    /** Lines of `key TAB value`, a dot for each level of maps. */
    private static Map<String, Object> read(Path path) throws Exception {
        Map<String, Object> root = new LinkedHashMap<>();
        for (String line : Files.readAllLines(path)) {
            String[] parts = line.split("\t", 2);
            String[] keys = parts[0].split("\\.");
            Map<String, Object> map = root;
            for (String key : Arrays.copyOf(keys, keys.length - 1)) {
                @SuppressWarnings("unchecked")
                Map<String, Object> inner = (Map<String, Object>) map.computeIfAbsent(key, k -> new LinkedHashMap<String, Object>());
                map = inner;
            }
            map.put(keys[keys.length - 1], parts[1]);
        }
        return root;
    }
}
