import test from "ava";
import { bytes, duration, few, fieldText, number, plural, responder, timeSpan } from "../../src/report/words.ts";
import { conversation } from "./sample.ts";

test("numbers, amounts and times as people read them", (t) => {
  t.is(number(1234567), "1,234,567");
  t.is(plural(1, "flow"), "1 flow");
  t.is(plural(1200, "flow"), "1,200 flows");
  t.is(bytes(999), "999 bytes");
  t.is(bytes(1_240_000), "1.2 MB");
  t.is(bytes(31_000_000), "31 MB");
  t.is(duration(0.25), "250 ms");
  t.is(duration(3731), "1 h 2 min");
  t.is(duration(90_061), "1 d 1 h");
  t.is(few(["a", "b", "c"], 2), "a, b, c");
  t.is(few(["a", "b", "c", "d"], 2), "a, b and 2 more");
});

test("a span names the day once, and both days where there are two", (t) => {
  t.is(
    timeSpan("2026-11-20T08:00:00.000001Z", "2026-11-20T09:02:11.500000Z"),
    "2026-11-20 08:00:00 to 09:02:11 UTC (1 h 2 min)",
  );
  t.is(
    timeSpan("2026-11-20T23:59:00.000000Z", "2026-11-21T00:01:00.000000Z"),
    "2026-11-20 23:59:00 to 2026-11-21 00:01:00 UTC (2 min)",
  );
  t.is(timeSpan(null, null), null);
});

test("versions have their names, other fields are what they are", (t) => {
  t.is(fieldText("tls.version", 772), "TLS 1.3 (772)");
  t.is(fieldText("tls.offered", 0x0303), "TLS 1.2 (771)");
  t.is(fieldText("dtls.version", 0xfefd), "DTLS 1.2 (65277)");
  t.is(fieldText("tls.version", 0x7f1c), "32540");
  t.is(fieldText("ntp.stratum", 772), "772");
  t.is(fieldText("tls.cipher", "TLS_AES_256_GCM_SHA384"), "TLS_AES_256_GCM_SHA384");
});

test("whom a proxy was asked for stands with its own port, and the proxy's address is never beside the name", (t) => {
  const name = { responder: "10.0.0.80", server_name: "api.example.com" };
  t.is(responder(conversation(name)), "api.example.com (10.0.0.80)");
  const asked = (...all: string[]): string => responder(conversation({ ...name, fields: { "http.connect": all } }));
  t.is(asked("api.example.com:443"), "api.example.com:443 through 10.0.0.80");
  t.is(asked("[2001:db8::1]:443"), "[2001:db8::1]:443 through 10.0.0.80");
  t.is(asked("a\u001b[2J"), "api.example.com (10.0.0.80)");
});
