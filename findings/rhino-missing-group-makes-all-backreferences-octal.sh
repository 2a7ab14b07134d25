#!/usr/bin/env bash
# A backreference to a group that a pattern does not have changes what the others mean.
#
# What: the JSON Schema validator of java-json-tools reads `pattern` with Rhino (bundled in PyPI's
#   openapi-generator-cli 7.26.0, implementation version "Rhino Snapshot"). In ECMAScript (Annex B,
#   and every current engine) `\1` is a backreference where there is a first group, and `\2` an octal
#   escape where there is no second one, each by itself. Rhino starts over when it meets a number
#   without a group, and has then forgotten how many groups there are: all numbers become octal
#   escapes.
# Seen (2026-11-29): /^(a)\1\2$/ refuses "aa\x02" and accepts "a\x01\x02"; Node 20.20.2 does the
#   opposite. Without the missing group, /^(a)\1$/ accepts "aa" in both.
# Why it matters: a model whose pattern was tested in a browser judges other messages where this
#   validator reads it.
# Needs python3 with pip, and a JDK. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q openapi-generator-cli==7.26.0
jar=$(find venv -name '*.jar' | head -n 1)

cat > Ask.java <<'JAVA'
import org.mozilla.javascript.Context;

public class Ask {
    public static void main(String[] expressions) {
        Context context = Context.enter();
        var scope = context.initStandardObjects();
        System.out.println(context.getImplementationVersion());
        for (String expression : expressions) {
            System.out.println(context.evaluateString(scope, expression, "ask", 1, null));
        }
    }
}
JAVA
javac -cp "$jar" Ask.java
seen=$(java -cp "$jar:." Ask \
  "/^(a)\\1\$/.test('aa')" \
  "/^(a)\\1\\2\$/.test('aa\\x02')" \
  "/^(a)\\1\\2\$/.test('a\\x01\\x02')" \
  "/^(a)(b)\\2\\1\\3\$/.test('ab\\x02\\x01\\x03')")
expected='Rhino Snapshot
true
false
true
true'
printf '%s\n' "$seen"
if [ "$seen" != "$expected" ]; then
  printf 'changed; it was:\n%s\n' "$expected" >&2
  exit 1
fi
