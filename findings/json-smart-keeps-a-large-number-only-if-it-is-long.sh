#!/usr/bin/env bash
# Whether a number beyond a double survives depends on how many characters it is written with.
#
# What: json-smart 2.2 (Debian's libjson-smart-java 2.2-2+deb12u1; the reader below Jayway's JsonPath)
#   reads a number with a point or an exponent as a double if its text has up to 18 characters, and
#   as a BigDecimal if it has more. What it writes again for an infinite double is `null`, in its
#   strict mode (RFC 4627) too.
# Seen (2026-11-29): {"n":1E400} comes out as {"n":null}, {"n":1.0000000000000E400} (19 characters,
#   the same value) as {"n":1.0000000000000E+400}. 0.10 loses its zero, with 18 decimals it keeps
#   them.
# Why it matters: a document that is only read and written loses a value without an error, where
#   other readers refuse it (serde_json) or keep its text, and a number that is rounded by its sender
#   arrives in another form.
# Needs Debian's apt-get and dpkg-deb, and a JDK. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq libjson-smart-java=2.2-2+deb12u1 libasm-java >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
jars=$(printf '%s:' usr/share/java/json-smart.jar usr/share/java/accessors-smart.jar usr/share/java/asm.jar)

cat > Ask.java <<'JAVA'
import net.minidev.json.JSONValue;
import net.minidev.json.parser.JSONParser;

public class Ask {
    public static void main(String[] texts) throws Exception {
        for (String text : texts) {
            Object value = new JSONParser(JSONParser.MODE_RFC4627).parse(text);
            System.out.println(JSONValue.toJSONString(value));
        }
    }
}
JAVA
javac -cp "$jars" Ask.java
seen=$(java -cp "$jars." Ask \
  '{"n":1E400}' \
  '{"n":1.000000000000E400}' \
  '{"n":1.0000000000000E400}' \
  '{"n":0.10}' \
  '{"n":0.100000000000000000}')
expected='{"n":null}
{"n":null}
{"n":1.0000000000000E+400}
{"n":0.1}
{"n":0.100000000000000000}'
printf '%s\n' "$seen"
if [ "$seen" != "$expected" ]; then
  printf 'changed; it was:\n%s\n' "$expected" >&2
  exit 1
fi
