import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.InvalidJsonException;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.PathNotFoundException;
import com.jayway.jsonpath.spi.json.JsonSmartJsonProvider;
import com.jayway.jsonpath.spi.mapper.JsonSmartMappingProvider;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.OutputStreamWriter;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import org.apache.commons.lang.StringEscapeUtils;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.event.EventCartridge;
import org.apache.velocity.app.event.InvalidReferenceEventHandler;
import org.apache.velocity.app.event.ReferenceInsertionEventHandler;
import org.apache.velocity.context.Context;
import org.apache.velocity.context.InternalContextAdapterImpl;
import org.apache.velocity.runtime.RuntimeConstants;
import org.apache.velocity.runtime.RuntimeInstance;
import org.apache.velocity.runtime.directive.StopCommand;
import org.apache.velocity.runtime.log.NullLogChute;
import org.apache.velocity.runtime.parser.ParseException;
import org.apache.velocity.runtime.parser.node.SimpleNode;
import org.apache.velocity.util.introspection.Info;

/**
 * The real Velocity 1.7 as a program: a request in JSON a line, an answer in JSON a line, the same as `gatespec render --jsonl`. What
 * API Gateway adds to the language is put together from the libraries that it is known or thought to use: Jayway JsonPath with
 * json-smart, commons-lang. Answers are ASCII, so that every UTF-16 unit survives the way.
 */
public final class Oracle {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
  private static final ObjectMapper STRICT =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final Configuration PATHS =
      Configuration.builder()
          .jsonProvider(new JsonSmartJsonProvider())
          .mappingProvider(new JsonSmartMappingProvider())
          .build();

  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintWriter out =
        new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII), false);
    Watch watch = new Watch(out);
    Map<String, RuntimeInstance> engines = new LinkedHashMap<>();
    String line;
    while ((line = in.readLine()) != null) {
      ObjectNode answer = JSON.createObjectNode();
      JsonNode request = JSON.readTree(line);
      watch.begin(request.get("id"));
      try {
        answer(request, answer, engines);
      } catch (Throwable error) {
        answer.put("ok", false).put("stage", "oracle").put("error", encoded(error.toString()));
      }
      if (pathRefused) {
        answer.put("pathRefused", true);
      }
      if (utilNull) {
        answer.put("utilNull", true);
      }
      String text = JSON.writeValueAsString(answer);
      watch.end();
      out.println(text);
      if (!in.ready()) {
        out.flush();
      }
    }
    out.flush();
    System.exit(0);
  }

  /**
   * Ends the program when a template takes too long: Java has no way to end only the template. The last answer is then
   * {@code {"timeout": true}}, and who asked starts the oracle anew for the rest.
   */
  private static final class Watch extends Thread {
    private static final long LIMIT = Long.getLong("oracle.limit", 5_000);

    private final PrintWriter out;
    private JsonNode request;
    private long since;

    Watch(PrintWriter out) {
      this.out = out;
      setDaemon(true);
      start();
    }

    synchronized void begin(JsonNode id) {
      request = id;
      since = System.nanoTime();
    }

    synchronized void end() {
      request = null;
    }

    @Override
    public void run() {
      try {
        while (true) {
          sleep(100);
          synchronized (this) {
            if (request != null && System.nanoTime() - since > LIMIT * 1_000_000) {
              ObjectNode answer = JSON.createObjectNode();
              answer.set("id", request);
              out.println(answer.put("ok", false).put("stage", "render").put("timeout", true));
              out.flush();
              Runtime.getRuntime().halt(3);
            }
          }
        }
      } catch (InterruptedException ended) {
        // Nobody interrupts it.
      }
    }
  }

  /** Whether Jayway of Debian's version refused a path, or found nothing where later ones find an empty list. */
  private static boolean pathRefused;

  /** Whether a function of {@code $util} was given null. */
  private static boolean utilNull;

  private static void answer(JsonNode request, ObjectNode answer, Map<String, RuntimeInstance> engines)
      throws Exception {
    answer.set("id", request.get("id"));
    pathRefused = false;
    utilNull = false;
    String escape = request.path("escape").asText(null);
    if (escape != null) {
      answer.put("ok", true).put("output", StringEscapeUtils.escapeJavaScript(escape));
      return;
    }
    String profile = request.path("profile").asText("api-gateway");
    String template = request.get("template").asText();
    boolean gateway = profile.equals("api-gateway");
    // Macros, and what #define leaves behind, stay in an engine: such a template gets one of its own.
    boolean leaves = template.contains("macro") || template.contains("define") || template.contains("evaluate");
    RuntimeInstance engine =
        leaves ? engine(gateway) : engines.computeIfAbsent(profile, name -> engine(gateway));
    SimpleNode nodes;
    try {
      nodes = engine.parse(new StringReader(template), "template");
    } catch (ParseException error) {
      answer.put("ok", false).put("stage", "parse").put("error", encoded(String.valueOf(error.getMessage())));
      return;
    } catch (RuntimeException | Error error) {
      answer.put("ok", false).put("stage", "parse").put("error", encoded(error.toString()));
      return;
    }
    InternalContextAdapterImpl scope = new InternalContextAdapterImpl(context(request, gateway));
    scope.pushCurrentTemplateName("template");
    try {
      // What is noticed here is noticed before any of the template is rendered.
      nodes.init(scope, engine);
    } catch (Throwable error) {
      answer.put("ok", false).put("stage", "parse").put("error", encoded(error.toString()));
      return;
    }
    StringWriter out = new StringWriter();
    try {
      nodes.render(scope, out);
    } catch (StopCommand stop) {
      // As RuntimeInstance.render takes it: the end.
    } catch (Throwable error) {
      answer.put("ok", false).put("stage", "render").put("error", encoded(error.toString()));
      for (Throwable cause = error; cause != null; cause = cause.getCause()) {
        if (cause instanceof VirtualMachineError) {
          answer.put("exhausted", true);
        }
        if (cause instanceof LinkageError) {
          answer.put("inaccessible", true);
        }
      }
      return;
    }
    answer.put("ok", true).put("output", encoded(out.toString()));
  }

  /** As it comes out of Java's UTF-8 encoder: half a surrogate pair becomes a question mark. */
  private static String encoded(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  private static RuntimeInstance engine(boolean gateway) {
    RuntimeInstance engine = new RuntimeInstance();
    engine.setProperty(RuntimeConstants.RUNTIME_LOG_LOGSYSTEM, new NullLogChute());
    engine.setProperty("velocimacro.library", "");
    engine.setProperty("resource.loader", "string");
    engine.setProperty(
        "string.resource.loader.class",
        "org.apache.velocity.runtime.resource.loader.StringResourceLoader");
    engine.setProperty(
        "runtime.introspector.uberspect", "org.apache.velocity.util.introspection.SecureUberspector");
    if (gateway) {
      engine.setProperty("velocimacro.permissions.allow.inline", "false");
      engine.setProperty("directive.foreach.maxloops", "1000");
    }
    engine.init();
    if (gateway) {
      engine.removeDirective("evaluate");
    }
    return engine;
  }

  private static Context context(JsonNode request, boolean gateway) {
    VelocityContext context = new VelocityContext();
    context.put("input", new Input(request.path("body").asText(""), request.path("params")));
    context.put("util", new Util());
    context.put("context", object(request.path("context")));
    context.put("stageVariables", object(request.path("stageVariables")));
    JsonNode variables = request.path("variables");
    if (variables.isTextual()) {
      // As JSON in JSON: no other reader has had its hands on the numbers.
      ((Map<?, ?>) PATHS.jsonProvider().parse(variables.asText())).forEach((name, value) -> context.put((String) name, value));
    } else {
      variables.fields().forEachRemaining(field -> context.put(field.getKey(), value(field.getValue())));
    }
    if (gateway) {
      EventCartridge events = new EventCartridge();
      events.addEventHandler(new Invalid());
      events.addEventHandler((ReferenceInsertionEventHandler) (reference, value) -> value == null ? "" : value);
      events.attachToContext(context);
    }
    return context;
  }

  /** What the request brings is read as API Gateway reads a message. */
  private static Object object(JsonNode node) {
    return node.isMissingNode() ? new LinkedHashMap<>() : PATHS.jsonProvider().parse(node.toString());
  }

  /** json-smart reads leniently; here only JSON is JSON (COMPATIBILITY.md). */
  private static Object parse(String text) {
    try {
      STRICT.readTree(text);
    } catch (JsonProcessingException error) {
      throw new InvalidJsonException(error);
    }
    return PATHS.jsonProvider().parse(text);
  }

  private static Object value(JsonNode node) {
    return ((List<?>) PATHS.jsonProvider().parse("[" + node + "]")).get(0);
  }

  /** Null and undefined are the empty string. */
  private static final class Invalid implements InvalidReferenceEventHandler {
    @Override
    public Object invalidGetMethod(Context context, String reference, Object object, String property, Info info) {
      return "";
    }

    @Override
    public boolean invalidSetMethod(Context context, String left, String right, Info info) {
      return false;
    }

    @Override
    public Object invalidMethod(Context context, String reference, Object object, String method, Info info) {
      return "";
    }
  }

  /** {@code $input}. */
  public static final class Input {
    private static final Object MISSING = new Object();

    private final String body;
    private final JsonNode params;
    private final boolean empty;
    private boolean parsed;
    private Object document;
    /** What begins as an object or an array does and is not JSON: every look into it throws. */
    private InvalidJsonException refused;

    Input(String body, JsonNode params) {
      this.empty = body.isEmpty();
      this.body = body.isEmpty() ? "{}" : body;
      this.params = params;
    }

    @Override
    public String toString() {
      return "$input";
    }

    public String getBody() {
      return body;
    }

    private Object select(String path) {
      try {
        return selected(path);
      } catch (RuntimeException error) {
        pathRefused = true;
        throw error;
      }
    }

    private Object selected(String path) {
      JsonPath compiled = JsonPath.compile(path);
      if (!parsed) {
        parsed = true;
        try {
          document = parse(body);
        } catch (InvalidJsonException error) {
          String text = body.strip();
          if (text.startsWith("{") || text.startsWith("[")) {
            refused = error;
          }
          document = body;
        }
      }
      if (refused != null) {
        throw refused;
      }
      try {
        return document == null ? MISSING : compiled.read(document, PATHS);
      } catch (PathNotFoundException error) {
        // In later versions, a path of many places has no places then.
        pathRefused |= !compiled.isDefinite();
        return MISSING;
      }
    }

    public Object path(String path) {
      if (empty && path.equals("$")) {
        return "";
      }
      Object value = select(path);
      return value == MISSING ? null : value;
    }

    public String json(String path) {
      Object value = select(path);
      return value == MISSING ? "\"\"" : JSONValue.toJSONString(value, JSONStyle.LT_COMPRESS);
    }

    public Map<String, Object> params() {
      Map<String, Object> all = new LinkedHashMap<>();
      for (String group : new String[] {"path", "querystring", "header"}) {
        all.put(group, object(params.path(group)));
      }
      return all;
    }

    public String params(String name) {
      for (String group : new String[] {"path", "querystring", "header"}) {
        JsonNode value = params.path(group).get(name);
        if (value != null) {
          return value.asText();
        }
      }
      return null;
    }
  }

  /** {@code $util}. */
  public static final class Util {
    @Override
    public String toString() {
      return "$util";
    }

    // Of values that are no strings the text is taken (assumed).
    private static String text(Object value) {
      utilNull |= value == null;
      return value == null ? null : value.toString();
    }

    public String escapeJavaScript(Object value) {
      return StringEscapeUtils.escapeJavaScript(text(value));
    }

    public Object parseJson(Object value) {
      String text = text(value);
      return "".equals(text) ? null : parse(text);
    }

    public String urlEncode(Object value) throws Exception {
      return URLEncoder.encode(text(value), "UTF-8");
    }

    public String urlDecode(Object value) throws Exception {
      return URLDecoder.decode(text(value), "UTF-8");
    }

    public String base64Encode(Object value) {
      return Base64.getEncoder().encodeToString(text(value).getBytes(StandardCharsets.UTF_8));
    }

    public String base64Decode(Object value) {
      return new String(Base64.getDecoder().decode(text(value)), StandardCharsets.UTF_8);
    }
  }
}
