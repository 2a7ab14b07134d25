import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.fge.jackson.JsonLoader;
import com.github.fge.jsonschema.core.exceptions.ProcessingException;
import com.github.fge.jsonschema.core.report.LogLevel;
import com.github.fge.jsonschema.core.report.ProcessingMessage;
import com.github.fge.jsonschema.core.report.ProcessingReport;
import com.github.fge.jsonschema.core.util.RegexECMA262Helper;
import com.github.fge.jsonschema.main.JsonSchemaFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * The real json-schema-validator as a program: a request in JSON a line, an answer in JSON a line.
 *
 * <ul>
 *   <li>{@code {"schema": text, "instance": text}}: the verdict, its messages and, of the schema
 *       alone, what the syntax check says.
 *   <li>{@code {"pattern": text, "input": text}}: whether the pattern compiles, and matches.
 *   <li>{@code {"set": [text, ..]}}: a {@code HashSet} of the texts, as text.
 * </ul>
 *
 * Answers are ASCII; half a pair of surrogates is {@code ?} in them.
 */
public final class ModelOracle {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.byDefault();

  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintWriter out =
        new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII), false);
    String line;
    while ((line = in.readLine()) != null) {
      ObjectNode answer = JSON.createObjectNode();
      try {
        answer(JSON.readTree(line), answer);
      } catch (Throwable error) {
        answer.put("verdict", "error").put("error", whole(error.toString()));
      }
      out.println(JSON.writeValueAsString(answer));
      if (!in.ready()) {
        out.flush();
      }
    }
    out.flush();
    System.exit(0);
  }

  private static void answer(JsonNode request, ObjectNode answer) throws Exception {
    if (request.has("set")) {
      Set<String> set = new HashSet<>();
      for (JsonNode text : request.get("set")) {
        set.add(text.textValue());
      }
      answer.put("text", whole(set.toString()));
    } else if (request.has("pattern")) {
      String pattern = request.get("pattern").textValue();
      boolean valid = RegexECMA262Helper.regexIsValid(pattern);
      answer.put("valid", valid);
      if (valid) {
        answer.put("matches", RegexECMA262Helper.regMatch(pattern, request.get("input").textValue()));
      }
    } else {
      judge(request, answer);
    }
  }

  private static void judge(JsonNode request, ObjectNode answer) throws Exception {
    JsonNode schema = JsonLoader.fromString(request.get("schema").textValue());
    JsonNode instance = JsonLoader.fromString(request.get("instance").textValue());
    ArrayNode syntax = answer.putArray("syntax");
    messages(FACTORY.getSyntaxValidator().validateSchema(schema), syntax);
    try {
      ProcessingReport report = FACTORY.getJsonSchema(schema).validate(instance);
      answer.put("verdict", report.isSuccess() ? "pass" : "fail");
      messages(report, answer.putArray("messages"));
      Set<String> set = new HashSet<>();
      for (ProcessingMessage message : report) {
        if (message.getLogLevel() == LogLevel.ERROR) {
          set.add(message.getMessage());
        }
      }
      answer.put("set", whole(set.toString()));
    } catch (ProcessingException error) {
      answer.put("verdict", "schema-refused").put("error", whole(error.getShortMessage()));
    }
  }

  /** The text with {@code ?} for half a pair of surrogates, so that any reader of JSON takes it. */
  private static String whole(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  private static void messages(ProcessingReport report, ArrayNode list) {
    for (ProcessingMessage message : report) {
      ObjectNode entry = list.addObject();
      entry.put("level", message.getLogLevel().toString()).put("text", whole(message.getMessage()));
      JsonNode pointer = message.asJson().path("schema").path("pointer");
      if (pointer.isTextual()) {
        entry.put("pointer", whole(pointer.textValue()));
      }
      JsonNode keyword = message.asJson().path("keyword");
      if (keyword.isTextual()) {
        entry.put("keyword", keyword.textValue());
      }
    }
  }
}
