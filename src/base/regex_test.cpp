// SPDX-License-Identifier: Apache-2.0
#include "base/regex.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/regex_dialect_internal.h"

namespace tidemark {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Regex Compiled(std::string_view pattern, RegexOptions options = {}) {
  auto regex = Regex::Compile(pattern, options);
  EXPECT_TRUE(regex.ok()) << regex.error().message;
  return std::move(regex).value();
}

bool Matches(std::string_view pattern, std::string_view text) {
  const auto found = Compiled(pattern).Matches(text);
  EXPECT_TRUE(found.ok()) << found.error().message;
  return found.ok() && found.value();
}

std::string CompileError(std::string_view pattern) {
  const auto regex = Regex::Compile(pattern);
  if (regex.ok()) return "compiled";
  EXPECT_EQ(regex.error().code, Code::kInvalidArgument);
  return regex.error().message;
}

TEST(Regex, FindsAnywhereInTheText) {
  EXPECT_TRUE(Matches("host_[0-9]+$", "eu-host_17"));
  EXPECT_FALSE(Matches("^host", "eu-host_17"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_TRUE(Matches("", "abc"));
  EXPECT_FALSE(Matches("a", {}));
  EXPECT_TRUE(Matches("^.$", "\xc3\xa4"));  // one character, two bytes
  EXPECT_TRUE(Matches("(?i)HOST", "my host"));
  const RegexOptions any_case{.letters = RegexOptions::Case::kInsensitive};
  EXPECT_TRUE(Compiled("\xc3\x84rger", any_case).Matches("\xc3\xa4RGER").value());
}

TEST(Regex, ReadsWhatJavaWrites) {
  EXPECT_TRUE(Matches("^\\u0041\\x42\\x{43}\\0104$", "ABCD"));
  EXPECT_TRUE(Matches("^\\uD83D\\uDE00$", "\xf0\x9f\x98\x80"));
  EXPECT_TRUE(Matches("^\\p{Alpha}\\p{Upper}[\\p{Digit}_]\\P{Space}$", "aB_x"));
  EXPECT_FALSE(Matches("\\p{Alpha}", "\xc3\xa4"));  // ASCII only, as in Java
  EXPECT_TRUE(Matches("\\p{L}", "\xc3\xa4"));
  EXPECT_TRUE(Matches("\\pL\\p{Nd}", "x1"));
  EXPECT_FALSE(Matches("\\w|\\d", "\xc3\xa4\xd9\xa1"));
  EXPECT_TRUE(Matches("\\Qa.[b\\E[.]\\Q", "a.[b."));
  EXPECT_TRUE(Matches("[]x]+$", "]x]"));
  EXPECT_TRUE(Matches("(?<letter>.)\\k<letter>", "aa"));
  EXPECT_TRUE(Matches("(?<!a)b(?=c)", "xbc"));
  EXPECT_TRUE(Matches("end$", "end\n"));
  EXPECT_FALSE(Matches("end\\z", "end\n"));
  EXPECT_FALSE(Matches("a.b", "a\nb"));
  EXPECT_TRUE(Matches("(?su)a.b", "a\nb"));
  EXPECT_TRUE(Matches("a\\Rb", "a\r\nb"));
}

TEST(Regex, RefusesByNameWhatItWouldMisread) {
  EXPECT_THAT(CompileError("ab\\p{InGreek}"), HasSubstr("\\p{InGreek} is not supported"
                                                        " (at byte 2)"));
  EXPECT_THAT(CompileError("\\p{javaJavaIdentifierStart}"), HasSubstr("javaJavaIdentifierStart"));
  EXPECT_THAT(CompileError("[a\\P{javaLetterOrDigit}]"),
              HasSubstr("\\P{javaLetterOrDigit} is not supported inside a character class"));
  EXPECT_THAT(CompileError("\\p{IsNoSuchScript}"), HasSubstr("(at byte"));
  EXPECT_THAT(CompileError("\\p{blk=Greek}"), HasSubstr("blk=Greek"));
  EXPECT_THAT(CompileError("[&&]"), HasSubstr("a character class is empty"));
  EXPECT_THAT(CompileError("[a[b]"), HasSubstr("not closed"));
  for (const char* pattern : {"\\b{g}",
                              "\\N{DIGIT ONE}",
                              "\\K",
                              "\\C",
                              "\\g1",
                              "\\o{12}",
                              "\\Lx",
                              "(?R)",
                              "(?U)a",
                              "(?#no",
                              "(?x)(a)\\1 2",
                              "(?1)",
                              "(?|a)",
                              "(?P<n>a)",
                              "(?C1)",
                              "(?(1)a)",
                              "(?^i)a",
                              "(*UCP)a",
                              "(*LIMIT_MATCH=9999999999)a",
                              "(a)(b)\\11",
                              "[\\1]",
                              "[\\b]",
                              "\\x4",
                              "\\x{}",
                              "\\u12",
                              "\\uD83D",
                              "\\08",
                              "\\ca",
                              "\\k{n}",
                              "\\k'n'",
                              "\\p{",
                              "\\p{^Lu}",
                              "(?i"}) {
    EXPECT_THAT(CompileError(pattern), HasSubstr(std::string("'") + pattern + "': ")) << pattern;
  }
}

/// The characters of `text` that match alone, for classes.
std::string Matching(std::string_view pattern, std::string_view text) {
  const Regex regex = Compiled("^" + std::string(pattern) + "$");
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (regex.Matches(text.substr(i, 1)).value()) out += text[i];
  }
  return out;
}

// java.util.regex.Pattern, "Character classes"; negation as since Java 9.
TEST(Regex, TranslatesClassesOfClasses) {
  const std::string_view all = "abcdxyz019-&^[ ";
  EXPECT_EQ(Matching("[a-d&&[^b]]", all), "acd");
  EXPECT_EQ(Matching("[a-z&&[def]]", all), "d");
  EXPECT_EQ(Matching("[a-z&&[^bc]&&[^x-z]]", all), "ad");
  EXPECT_EQ(Matching("[a-b[x-z]]", all), "abxyz");
  EXPECT_EQ(Matching("[a[^b-z0-9]]", all), "a-&^[ ");
  EXPECT_EQ(Matching("[^a-z[0-8]]", all), "9-&^[ ");
  EXPECT_EQ(Matching("[^a-z&&[^x]]", all), "x019-&^[ ");
  EXPECT_EQ(Matching("[\\w&&[^\\d_]]", all), "abcdxyz");
  EXPECT_EQ(Matching("[a&&]", all), "a");
  EXPECT_EQ(Matching("[&&a]", all), "a");
  EXPECT_EQ(Matching("[a&b]", all), "ab&");
  EXPECT_EQ(Matching("[a-[xy]]", all), "axy-");
  EXPECT_EQ(Matching("[[a]-z]", all), "az-");
  EXPECT_EQ(Matching("[x\\[&&[^x]]", all), "[");
  EXPECT_EQ(Matching("[[:alpha:]&&[^x]]", all), "abcdyz");  // POSIX brackets are known, too
  EXPECT_TRUE(Matches("^[a-z&&[^aeiou]]+$", "xyz"));
  EXPECT_FALSE(Matches("^[a-z&&[^aeiou]]+$", "xaz"));
  EXPECT_TRUE(Matches("(?<=[a-c&&[^b]])x", "cx"));
  EXPECT_FALSE(Matches("(?<=[a-c&&[^b]])x", "bx"));
  EXPECT_TRUE(Matches("(?i)^[A-Z&&[^B]]$", "c"));
  EXPECT_TRUE(Matches("^[^a&&[a-z]]$", "\n"));
}

TEST(Regex, TranslatesPropertiesOfJava) {
  EXPECT_TRUE(Matches("^\\p{IsAlphabetic}+$", "a\xc3\xa4"));
  EXPECT_TRUE(Matches("^\\p{IsLatin}\\p{IsGreek}\\p{IsLu}$", "a\xce\xb1Z"));
  EXPECT_FALSE(Matches("\\p{IsGreek}", "a"));
  EXPECT_TRUE(Matches("^\\p{script=Greek}\\p{sc=GREEK}\\p{gc=Lu}$", "\xce\xb1\xce\xb1Z"));
  EXPECT_TRUE(Matches("^\\p{javaLowerCase}\\P{javaLowerCase}\\p{javaLetterOrDigit}$", "aB1"));
  EXPECT_TRUE(Matches("^\\P{javaLetterOrDigit}[x\\p{javaLetterOrDigit}]$", "-7"));
  EXPECT_TRUE(Matches("^\\p{javaWhitespace}$", " "));
  EXPECT_FALSE(Matches("^\\p{javaWhitespace}$", "\xc2\xa0"));
  EXPECT_TRUE(Matches("^\\P{IsAssigned}$", "\xcd\xb8"));  // U+0378
  EXPECT_TRUE(Matches("^[\\p{L}&&[^\\p{Lu}]]$", "\xc3\xa4"));
  EXPECT_FALSE(Matches("^[\\p{L}&&[^\\p{Lu}]]$", "\xc3\x84"));
}

TEST(Regex, ReadsFreeSpacingAndComments) {
  EXPECT_TRUE(Matches("^(?x) a b # the letters\n [ c d ] + $", "abcd"));
  EXPECT_FALSE(Matches("^(?x) a [ b ] $", "a "));
  EXPECT_TRUE(Matches("^(?x:a b) c$", "ab c"));
  EXPECT_TRUE(Matches("^((?x)a b)(?-x) c$", "ab c"));
  EXPECT_TRUE(Matches("^a(?#any)b$", "ab"));
}

TEST(Regex, SaysWhereAPatternIsWrong) {
  EXPECT_THAT(CompileError("ab(c"), HasSubstr("regular expression 'ab(c': missing closing"));
  EXPECT_THAT(CompileError("ab(c"), HasSubstr("(at byte 4)"));
  EXPECT_THAT(CompileError("a**b**"), HasSubstr("at byte"));
  // Translated pieces in front do not shift the place.
  EXPECT_THAT(CompileError("\\u0041\\p{Alpha}z)"), HasSubstr("(at byte 16)"));
  EXPECT_THAT(CompileError("*"), HasSubstr("(at byte 0)"));
  EXPECT_THAT(CompileError("[z-a]"), HasSubstr("range out of order"));
  EXPECT_THAT(CompileError("\xff"), HasSubstr("UTF-8"));
  EXPECT_THAT(CompileError(std::string(40000, 'a')), HasSubstr("is longer than 32768 bytes"));
  EXPECT_THAT(CompileError("((((a{500}){500}){500}){500})"), HasSubstr("too large"));
  EXPECT_THAT(CompileError(std::string(1000, '(')), HasSubstr("too deep"));
}

TEST(TranslatedPattern, KnowsWhereEachByteCameFrom) {
  TranslatedPattern out;
  ASSERT_EQ(TranslatePattern("a\\u0042c", out).what, "");
  EXPECT_EQ(out.text, "a\\x{000042}c");
  EXPECT_EQ(out.OriginOf(0), 0U);
  EXPECT_EQ(out.OriginOf(1), 1U);
  EXPECT_EQ(out.OriginOf(10), 7U);
  EXPECT_EQ(out.OriginOf(11), 7U);
  EXPECT_EQ(out.OriginOf(12), 8U);
}

TEST(Regex, EndsPatternsThatWouldRunForEver) {
  const std::string text = std::string(2000, 'a') + "!";
  for (const char* pattern : {"(a+)+$", "(a|aa)+$", "(a*)*b", "(?:a?){60}a{60}b", "(x+x+)+y",
                              "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){20}b", "(a|b|ab)*(?=c)"}) {
    const auto found = Compiled(pattern).Matches(text);
    if (found.ok()) {
      EXPECT_FALSE(found.value()) << pattern;
    } else {
      EXPECT_EQ(found.error().code, Code::kResourceExhausted);
      EXPECT_THAT(found.error().message, HasSubstr(pattern));
    }
  }
  EXPECT_EQ(Compiled("(a+)+$").Matches(text).error().code, Code::kResourceExhausted);
  EXPECT_EQ(Compiled("(?:a|aa)+\\d").Matches(text).error().code, Code::kResourceExhausted);
  // Deep, not long: the state of each repetition is kept.
  EXPECT_TRUE(Compiled("^(?:a|b)*$").Matches(std::string(10'000, 'a')).ok());
}

TEST(Regex, OrdinaryPatternsStayFarFromTheLimits) {
  const std::string text = std::string(2000, 'x') + "=1," + std::string(40, 'y');
  EXPECT_TRUE(Matches(".*=\\d+,.*y$", text));
  EXPECT_FALSE(Matches("(\\w+)=(\\d+),(\\w+)z", text));
  EXPECT_FALSE(Matches("\\w*\\d\\w*\\d", text));
}

TEST(Regex, FindsGroupsOneMatchAfterTheOther) {
  const Regex regex = Compiled("(?<key>\\w+)=(\\d+)?");
  EXPECT_EQ(regex.group_count(), 2U);
  EXPECT_EQ(regex.GroupNumber("key"), 1U);
  EXPECT_EQ(regex.GroupNumber("none"), 0U);
  const std::string_view text = "a=1, bc=, d";
  RegexMatch match;
  ASSERT_TRUE(regex.Find(text, 0, match).value());
  EXPECT_THAT(match.groups, ElementsAre(std::pair(0, 3), std::pair(0, 1), std::pair(2, 3)));
  ASSERT_TRUE(regex.Find(text, match.end(), match).value());
  EXPECT_EQ(match.Group(text, 0), "bc=");
  EXPECT_EQ(match.Group(text, 1), "bc");
  EXPECT_EQ(match.groups[2].first, RegexMatch::npos);
  EXPECT_FALSE(regex.Find(text, match.end(), match).value());
  EXPECT_FALSE(regex.Find(text, text.size() + 1, match).value());
  // What lies before counts for \b, and a start inside a character moves behind it.
  EXPECT_FALSE(Compiled("\\bc").Find("bc", 1, match).value());
  ASSERT_TRUE(Compiled(".").Find("\xc3\xa4x", 1, match).value());
  EXPECT_EQ(match.start(), 2U);
  ASSERT_TRUE(Compiled("$").Find("ab", 2, match).value());
  EXPECT_EQ(match.start(), 2U);
}

TEST(Regex, BytesThatAreNotUtf8DoNoHarm) {
  EXPECT_TRUE(Matches("b",
                      "a\xff\xfe"
                      "b"));
  EXPECT_FALSE(Matches("^a.b",
                       "a\xff"
                       "b"));
  EXPECT_FALSE(Matches("x", "\xc3"));
  EXPECT_TRUE(Matches("a\\x{0}b", std::string_view("a\0b", 3)));
}

TEST(Regex, OneObjectServesManyThreads) {
  const Regex regex = Compiled("(\\d+)-(\\d+)");
  std::vector<std::thread> threads;
  std::array<int, 4> found{};
  for (size_t t = 0; t < found.size(); ++t) {
    threads.emplace_back([&, t] {
      RegexMatch match;
      for (int i = 0; i < 500; ++i) {
        const std::string text = "x" + std::to_string(i) + "-" + std::to_string(t);
        if (regex.Find(text, 0, match).value() && match.Group(text, 1) == std::to_string(i))
          ++found[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(found, testing::Each(500));
}

}  // namespace
}  // namespace tidemark
