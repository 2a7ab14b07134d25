import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.*;

/**
 * Writes which methods the classes have that templates meet, as Velocity's ClassMap gathers them, and what those classes and the
 * types of the parameters extend: {@code velocity/src/methods/signatures.txt}. From the repository:
 * {@code java -cp /usr/share/java/velocity.jar:/usr/share/java/json-smart.jar velocity/oracle/Signatures.java}
 */
public final class Signatures {
  private static final Map<String, Class<?>> TYPES = new TreeMap<>();

  public static void main(String[] arguments) throws Exception {
    Map<Object, Object> map = new LinkedHashMap<>(Map.of("k", 1));
    List<Object> list = new ArrayList<>(List.of(1, 2));
    Map<String, Class<?>> classes = new LinkedHashMap<>();
    for (Object value : new Object[] {"", 1, 1L, 1.0, 1f, true, 'c', new java.math.BigInteger("1"), new java.math.BigDecimal("1")}) {
      classes.put(value.getClass().getSimpleName(), value.getClass());
    }
    classes.put("ArrayList", ArrayList.class);
    classes.put("JSONArray", net.minidev.json.JSONArray.class);
    classes.put("SubList", list.subList(0, 1).getClass());
    classes.put("Array", org.apache.velocity.util.ArrayListWrapper.class);
    classes.put("Map", LinkedHashMap.class);
    classes.put("KeySet", map.keySet().getClass());
    classes.put("Values", map.values().getClass());
    classes.put("EntrySet", map.entrySet().getClass());
    classes.put("Entry", map.entrySet().iterator().next().getClass());
    classes.put("Iterator", list.iterator().getClass());
    classes.put("Scope", org.apache.velocity.runtime.directive.ForeachScope.class);
    classes.put("Block", org.apache.velocity.runtime.directive.Block.Reference.class);
    for (Map.Entry<String, Class<?>> entry : classes.entrySet()) {
      System.out.println("class " + entry.getKey() + ": " + String.join(" ", supers(entry.getValue())));
      for (String signature : methods(entry.getValue())) {
        System.out.println(signature);
      }
    }
    for (Map.Entry<String, Class<?>> entry : TYPES.entrySet()) {
      System.out.println("type " + entry.getKey() + ": " + String.join(" ", supers(entry.getValue())));
    }
  }

  private static Set<String> supers(Class<?> type) {
    Set<String> names = new LinkedHashSet<>();
    for (Class<?> at = type; at != null; at = at.getSuperclass()) {
      names.add(name(at));
      interfaces(at, names);
    }
    if (!type.isPrimitive()) {
      names.add("Object");
    }
    return names;
  }

  private static void interfaces(Class<?> type, Set<String> names) {
    for (Class<?> other : type.getInterfaces()) {
      names.add(name(other));
      interfaces(other, names);
    }
  }

  /** Simple names: none of the classes here shares one. */
  private static String name(Class<?> type) {
    return type.getSimpleName();
  }

  private static Set<String> methods(Class<?> type) {
    Map<String, String> found = new TreeMap<>();
    for (Class<?> at = type; at != null; at = at.getSuperclass()) {
      if (Modifier.isPublic(at.getModifiers())) {
        gather(at, found);
      }
      for (Class<?> other : at.getInterfaces()) {
        gatherInterface(other, found);
      }
    }
    return new TreeSet<>(found.values());
  }

  private static void gatherInterface(Class<?> type, Map<String, String> found) {
    if (Modifier.isPublic(type.getModifiers())) {
      gather(type, found);
    }
    for (Class<?> other : type.getInterfaces()) {
      gatherInterface(other, found);
    }
  }

  private static void gather(Class<?> type, Map<String, String> found) {
    for (Method method : type.getDeclaredMethods()) {
      boolean refused = method.getName().equals("wait") || method.getName().equals("notify");
      if (Modifier.isPublic(method.getModifiers()) && !refused) {
        List<String> parameters = new ArrayList<>();
        StringBuilder key = new StringBuilder(method.getName());
        for (Class<?> parameter : method.getParameterTypes()) {
          parameters.add(name(parameter));
          key.append(boxed(parameter));
          Class<?> element = parameter.isArray() ? parameter.getComponentType() : parameter;
          TYPES.put(name(parameter), parameter);
          TYPES.put(name(element), element);
        }
        found.putIfAbsent(key.toString(), method.getName() + "(" + String.join(",", parameters) + ")");
      }
    }
  }

  private static String boxed(Class<?> type) {
    return java.lang.invoke.MethodType.methodType(type).wrap().returnType().getName();
  }
}
