// SPDX-License-Identifier: Apache-2.0
// The table of commands, settings, formats and texts of the command line (console-ux.md 13, 14).
// What needs a server is in tests/checks/check_cli.py.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/help.h"
#include "app/cli/line_editor.h"
#include "app/cli/plot.h"
#include "app/cli/query_run.h"
#include "app/cli/settings.h"

namespace tidemark::app {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Flags = std::map<std::string, std::vector<std::string>, std::less<>>;

// ---- the table

TEST(Commands, AreThoseOfTheIssue) {
  // One line a group: the commands that people and scripts rely on.
  for (const char* path : {"serve",
                           "apply",
                           "describe",
                           "delete",
                           "generate",
                           "version",
                           "config check",
                           "config show",
                           "stream ls",
                           "stream create",
                           "stream describe",
                           "stream rm",
                           "stream put",
                           "stream get",
                           "stream tail",
                           "pipeline ls",
                           "pipeline describe",
                           "pipeline start",
                           "pipeline stop",
                           "pipeline status",
                           "pipeline errors",
                           "pipeline resubmit",
                           "view ls",
                           "view describe",
                           "view windows",
                           "view late",
                           "view watermarks",
                           "db ls",
                           "db create",
                           "db rm",
                           "table ls",
                           "table describe",
                           "table retention",
                           "table sample",
                           "table rejections",
                           "sql",
                           "revisions show",
                           "saved ls",
                           "saved run",
                           "backup",
                           "restore",
                           "check",
                           "store stats",
                           "env",
                           "plot",
                           "top",
                           "dashboard ls",
                           "dashboard apply",
                           "dashboard export",
                           "dashboard rm",
                           "doctor",
                           "health",
                           "completion"}) {
    const CommandSpec* command = FindCommand(path);
    ASSERT_NE(command, nullptr) << path;
    EXPECT_NE(command->run, nullptr) << path;
  }
  EXPECT_EQ(FindCommand("query"), nullptr);
}

TEST(Commands, FollowTheRulesOfTheTable) {
  std::set<std::string_view> paths;
  for (const CommandSpec& command : Commands()) {
    const std::string path(command.path);
    EXPECT_TRUE(paths.insert(command.path).second) << path;
    EXPECT_FALSE(command.summary.empty()) << path;
    EXPECT_FALSE(command.summary.ends_with('.')) << path << ": help adds the full stop";
    const size_t space = path.rfind(' ');
    if (space != std::string::npos) {
      EXPECT_TRUE(paths.contains(command.path.substr(0, space)))
          << path << " stands before its group";
    }
    bool optional = false;
    for (const ArgumentSpec& argument : command.arguments) {
      EXPECT_FALSE(optional && argument.arity == Arity::kOne) << path << ": " << argument.name;
      optional = optional || argument.arity == Arity::kOptional;
    }
    for (const OptionSpec& option : command.options) {
      EXPECT_THAT(std::string(option.flags), StartsWith("--")) << path;
      EXPECT_FALSE(option.help.empty()) << path << " " << option.flags;
    }
    for (const std::string_view example : command.examples) {
      EXPECT_THAT(std::string(example), HasSubstr("tidemark")) << path;
    }
  }
}

TEST(Commands, AreFoundBehindFlagsAndByTheirLongNames) {
  EXPECT_EQ(Locate({"-o", "json", "stream", "ls"}).command->path, "stream ls");
  EXPECT_EQ(Locate({"stream", "list"}).command->path, "stream ls");
  EXPECT_EQ(Locate({"stream", "delete", "s"}).command->path, "stream rm");
  EXPECT_EQ(Locate({"delete", "f"}).command->path, "delete");
  EXPECT_THAT(Locate({"stream", "get", "--limit", "2", "s"}).words, ElementsAre("s"));
  EXPECT_EQ(Locate({"nothing"}).command, nullptr);
}

// ---- help, manual, completion: one source

TEST(Help, BeginsWithExamplesAndNamesEveryFlag) {
  const std::string text = HelpText(FindCommand("stream put"));
  EXPECT_THAT(text, StartsWith("Usage: tidemark stream put NAME [FILE] [flags]\n"));
  EXPECT_LT(text.find("Examples:"), text.find("Flags:"));
  for (const OptionSpec& option : FindCommand("stream put")->options) {
    EXPECT_THAT(text, HasSubstr(std::string(option.name())));
  }
}

TEST(Help, OfTheProgramListsCommandsButNotHiddenOnes) {
  const std::string text = HelpText(nullptr);
  EXPECT_THAT(text, HasSubstr("\n  store "));
  EXPECT_THAT(text, Not(HasSubstr("__complete")));
}

TEST(Manual, HasAPageForEachCommandOfTheTopWithAllThatHelpSays) {
  std::string all;
  for (const auto& [name, text] : ManualPages()) {
    EXPECT_THAT(text, StartsWith(".TH ")) << name;
    all += text;
  }
  EXPECT_EQ(ManualPages().size(), ChildrenOf("").size() + 1);
  for (const CommandSpec& command : Commands()) {
    if (command.path.starts_with("__") || command.run == nullptr) continue;
    std::string path = "tidemark " + std::string(command.path);
    for (size_t at = path.find('-'); at != std::string::npos; at = path.find('-', at + 2)) {
      path.insert(at, "\\");
    }
    EXPECT_THAT(all, HasSubstr(path)) << command.path;
  }
}

std::vector<std::string> Words(const std::vector<std::string>& offered) {
  std::vector<std::string> out;
  for (const std::string& word : offered) out.push_back(word.substr(0, word.find('\t')));
  return out;
}

TEST(Completion, OffersCommandsFlagsChoicesAndNames) {
  const NameLookup names = [](Names kind) {
    return kind == Names::kStreams ? std::vector<std::string>{"events", "other"}
                                   : std::vector<std::string>();
  };
  EXPECT_THAT(Words(Complete({"str"}, names)), ElementsAre("stream"));
  EXPECT_THAT(Words(Complete({"stream", "t"}, names)), ElementsAre("tail"));
  EXPECT_THAT(Words(Complete({"stream", "describe", ""}, names)), ElementsAre("events", "other"));
  EXPECT_THAT(Words(Complete({"stream", "tail", "ev"}, names)), ElementsAre("events"));
  EXPECT_THAT(Words(Complete({"stream", "tail", "events", ""}, names)), IsEmpty());
  EXPECT_THAT(Words(Complete({"stream", "put", "--ba"}, names)), ElementsAre("--base64"));
  EXPECT_THAT(Words(Complete({"stream", "ls", "--end"}, names)), ElementsAre("--endpoint"));
  EXPECT_THAT(Words(Complete({"sql", "-o", "js"}, names)), ElementsAre("json", "jsonl"));
  EXPECT_THAT(Words(Complete({"env", "--shell", "f"}, names)), ElementsAre("fish"));
  EXPECT_THAT(Words(Complete({"apply", ""}, names)), ElementsAre("__files"));
  EXPECT_THAT(Words(Complete({"stream", "describe", ""}, nullptr)), IsEmpty());
}

TEST(Completion, HasAScriptForThreeShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(CompletionScript(shell), HasSubstr("tidemark __complete -- ")) << shell;
  }
  EXPECT_EQ(CompletionScript("csh"), "");
}

// ---- settings (13.1, precedence)

struct Sources {
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> files;

  SettingSources Make() const {
    SettingSources out;
    out.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    out.file = [this](const std::string& path) -> std::optional<std::string> {
      const auto found = files.find(path);
      return found == files.end() ? std::nullopt : std::optional(found->second);
    };
    return out;
  }
};

std::string OriginOf(const Settings& settings, std::string_view name) {
  for (const Setting& setting : settings.origins) {
    if (setting.name == name) return setting.origin + "=" + setting.value;
  }
  return "(missing)";
}

TEST(Settings, EachSourceWinsOverTheNext) {
  Sources sources;
  const auto resolved = [&](const Flags& flags) {
    return OriginOf(*ResolveSettings(flags, sources.Make()), "region");
  };
  EXPECT_EQ(resolved({}), "default=us-east-1");
  sources.files["/etc/tidemark/config.toml"] = "[cli]\nregion = \"system\"\n";
  EXPECT_EQ(resolved({}), "file /etc/tidemark/config.toml=system");
  sources.environment["HOME"] = "/home/u";
  sources.files["/home/u/.config/tidemark/config.toml"] = "[cli]\nregion = \"user\"\n";
  EXPECT_EQ(resolved({}), "file /home/u/.config/tidemark/config.toml=user");
  sources.environment["XDG_CONFIG_HOME"] = "/xdg";
  sources.files["/xdg/tidemark/config.toml"] = "[cli]\nregion = \"xdg\"\n";
  EXPECT_EQ(resolved({}), "file /xdg/tidemark/config.toml=xdg");
  // Beside a server's own keys, which are none of the command line's business.
  sources.files["./tidemark.toml"] = "listen = \"127.0.0.1:1\"\n[cli]\nregion = \"project\"\n";
  EXPECT_EQ(resolved({}), "file ./tidemark.toml=project");
  sources.environment["AWS_DEFAULT_REGION"] = "aws-default";
  EXPECT_EQ(resolved({}), "environment AWS_DEFAULT_REGION=aws-default");
  sources.environment["AWS_REGION"] = "aws";
  EXPECT_EQ(resolved({}), "environment AWS_REGION=aws");
  sources.environment["TIDEMARK_REGION"] = "own";
  EXPECT_EQ(resolved({}), "environment TIDEMARK_REGION=own");
  EXPECT_EQ(resolved({{"region", {"flag"}}}), "flag --region=flag");
}

TEST(Settings, WrongOnesNameTheirOriginAndExitCode) {
  Sources sources;
  const auto flag = ResolveSettings({{"output", {"xml"}}}, sources.Make());
  ASSERT_FALSE(flag.has_value());
  EXPECT_EQ(flag.error().exit, kExitUsage);
  sources.environment["TIDEMARK_TIMEOUT"] = "soon";
  const auto environment = ResolveSettings({}, sources.Make());
  ASSERT_FALSE(environment.has_value());
  EXPECT_EQ(environment.error().exit, kExitConfig);
  EXPECT_THAT(environment.error().cause, HasSubstr("TIDEMARK_TIMEOUT"));
  sources.environment.clear();
  sources.files["./tidemark.toml"] = "[cli]\nregoin = \"x\"\n";
  const auto file = ResolveSettings({}, sources.Make());
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().exit, kExitConfig);
  EXPECT_THAT(file.error().message, HasSubstr("regoin"));
  EXPECT_FALSE(ResolveSettings({{"config", {"/none"}}}, sources.Make()).has_value());
}

TEST(Settings, ColourFollowsItsVariables) {
  Sources sources;
  const auto color = [&](const Flags& flags) {
    return ResolveSettings(flags, sources.Make())->color;
  };
  EXPECT_EQ(color({}), Color::kAuto);
  sources.environment["FORCE_COLOR"] = "1";
  EXPECT_EQ(color({}), Color::kAlways);
  sources.environment["NO_COLOR"] = "1";
  EXPECT_EQ(color({}), Color::kNever);
  EXPECT_EQ(color({{"color", {"always"}}}), Color::kAlways);
  sources.environment = {{"TERM", "dumb"}};
  EXPECT_EQ(color({}), Color::kNever);
}

// ---- exit codes (13.4)

TEST(ExitCodes, AreThoseOfTheTable) {
  const std::pair<int, int> statuses[] = {{400, 8}, {401, 5}, {403, 5}, {404, 3},
                                          {405, 1}, {409, 4}, {412, 4}, {428, 4},
                                          {429, 7}, {500, 1}, {503, 6}, {504, 124}};
  for (const auto& [status, exit] : statuses) EXPECT_EQ(ExitCodeOfStatus(status), exit) << status;
  EXPECT_EQ(ExitCodeOf(Code::kNotFound), 3);
  EXPECT_EQ(ExitCodeOf(Code::kUnavailable), 6);
  EXPECT_EQ(ExitCodeOf(Code::kCancelled), 130);
  EXPECT_EQ(ExitCodeOf(Code::kDeadlineExceeded), 124);
  for (const char* code : {"0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "8 ", "9 ", "10 ", "78 ",
                           "124 ", "130 ", "143 "}) {
    EXPECT_THAT("\n" + ExitCodesText(), HasSubstr("\n" + std::string(code))) << code;
  }
}

TEST(CliError, TakesTheHintOutOfAMessage) {
  const CliError error(Error{Code::kNotFound, "no such table\nhint: did you mean \"t\"?"});
  EXPECT_EQ(error.message, "no such table");
  EXPECT_EQ(error.hint, "did you mean \"t\"?");
}

// ---- texts (section 3, Formats; 14)

TEST(Texts, NumbersAsPeopleReadThem) {
  EXPECT_EQ(FormatCount("29700"), "29 700");
  EXPECT_EQ(FormatCount("-1234567"), "-1 234 567");
  EXPECT_EQ(FormatCount("999"), "999");
  EXPECT_EQ(FormatSi(1240.5), "1.24 k");
  EXPECT_EQ(FormatSi(18'400), "18.4 k");
  EXPECT_EQ(FormatSi(999'999), "1.00 M");
  EXPECT_EQ(FormatSi(7), "7");
  EXPECT_EQ(FormatSi(0), "0");
  EXPECT_EQ(FormatBytes(512), "512 B");
  EXPECT_EQ(FormatBytes(1.25 * 1024 * 1024 * 1024), "1.2 GiB");
  EXPECT_EQ(FormatMillis(400), "400 ms");
  EXPECT_EQ(FormatMillis(450'000), "7 m 30 s");
  EXPECT_EQ(FormatMillis(-1500), "-1.5 s");
  EXPECT_EQ(FormatMillis(90'000'000), "1 d 1 h");
  EXPECT_EQ(FormatTime(1'768'494'378'004'000'000, "UTC"), "2026-01-15 16:26:18.004");
  EXPECT_EQ(FormatTime(1'768'494'378'000'000'000, "Europe/Berlin"), "2026-01-15 17:26:18");
}

TEST(Texts, HaveTheWidthThatATerminalGivesThem) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("äöü"), 3U);
  EXPECT_EQ(DisplayWidth("表"), 2U);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1U);
  EXPECT_EQ(CutTo("abcdef", 4, true), "abc…");
  EXPECT_EQ(CutTo("abcdef", 5, false), "ab...");
  EXPECT_EQ(CutTo("表表表", 4, true), "表…");
  EXPECT_EQ(CutTo("abc", 3, true), "abc");
}

TEST(Texts, OfOthersDoNotSteerTheTerminal) {
  EXPECT_EQ(Harmless("a\x1b[31mb\nc\x7f"), "a\\x1b[31mb\\nc\\x7f");
  EXPECT_EQ(Harmless("a\u202eb"), "a\\u202eb");
  EXPECT_EQ(Harmless("grün 表"), "grün 表");
}

// ---- tables

Settings Plain(Format format = Format::kTable) {
  Settings settings;
  settings.format = format;
  return settings;
}

TEST(Tables, CutTheWidestTextAndNeverNumbers) {
  Grid grid;
  grid.head = {{"NAME"}, {"N", true, false}, {"TEXT"}};
  grid.rows = {{"a", "123456789", "a long text that does not fit"}, {"b", "1", "short"}};
  const Printer wide(Plain(), {.width = 80, .cut = true});
  EXPECT_EQ(wide.TableText(grid),
            "NAME          N  TEXT\n"
            "a     123456789  a long text that does not fit\n"
            "b             1  short\n");
  const Printer narrow(Plain(), {.width = 30, .cut = true});
  EXPECT_EQ(narrow.TableText(grid),
            "NAME          N  TEXT\n"
            "a     123456789  a long text …\n"
            "b             1  short\n");
  const Printer ascii(Plain(), {.width = 30, .cut = true, .utf8 = false});
  EXPECT_THAT(ascii.TableText(grid), HasSubstr("a long tex...\n"));
  const Printer pipe(Plain(), {.width = 30, .cut = false});
  EXPECT_THAT(pipe.TableText(grid), HasSubstr("a long text that does not fit\n"));
  const Printer color(Plain(), {.width = 80, .color = true});
  EXPECT_THAT(color.TableText(grid), StartsWith("\x1b[1mNAME"));
}

std::string Printed(const std::function<void()>& print) {
  ::testing::internal::CaptureStdout();
  print();
  return ::testing::internal::GetCapturedStdout();
}

TEST(Tables, HaveEveryFormat) {
  const auto items = ParseJson(R"([{"name":"a,\"b\"","n":"1234","at":null,"more":{"x":1.5}},)"
                               R"({"name":"c|d","n":"5","at":"1000","more":null}])");
  ASSERT_TRUE(items.ok());
  const std::vector<Column> columns{{"NAME", "name"},
                                    {"N", "n", Show::kNumber},
                                    {"AT", "at", Show::kMillis},
                                    {"X", "more.x", Show::kText, Column::In::kWide}};
  const auto list = [&](Format format) {
    return Printed([&] { Printer(Plain(format), {}).List(columns, items->array()); });
  };
  EXPECT_EQ(list(Format::kTable),
            "NAME       N     AT\na,\"b\"  1 234      -\nc|d        5  1.0 s\n");
  EXPECT_EQ(list(Format::kWide),
            "NAME       N     AT  X\na,\"b\"  1 234      -  1.5\nc|d        5  1.0 s  -\n");
  EXPECT_EQ(list(Format::kVertical),
            "-- 1 --\nNAME  a,\"b\"\nN     1 234\nAT    -\nX     1.5\n"
            "-- 2 --\nNAME  c|d\nN     5\nAT    1.0 s\nX     -\n");
  EXPECT_EQ(list(Format::kCsv), "name,n,at,more.x\n\"a,\"\"b\"\"\",1234,,1.5\nc|d,5,1000,\n");
  EXPECT_EQ(list(Format::kTsv), "name\tn\tat\tmore.x\na,\"b\"\t1234\t\t1.5\nc|d\t5\t1000\t\n");
  EXPECT_EQ(list(Format::kPlain), "a,\"b\"\t1234\t-\t1.5\nc|d\t5\t1000\t-\n");
  EXPECT_EQ(list(Format::kMarkdown),
            "| NAME | N | AT | X |\n| --- | ---: | ---: | --- |\n| a,\"b\" | 1 234 | - | 1.5 |\n"
            "| c\\|d | 5 | 1.0 s | - |\n");
  EXPECT_EQ(list(Format::kJsonl), R"({"name":"a,\"b\"","n":"1234","at":null,"more":{"x":1.5}})"
                                  "\n"
                                  R"({"name":"c|d","n":"5","at":"1000","more":null})"
                                  "\n");
  const auto again = ParseJson(list(Format::kJson));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->array().size(), 2U);
}

// ---- statements

TEST(Statements, AreSplitOutsideQuotesAndComments) {
  const auto split =
      SplitStatements("SELECT ';' FROM \"a;b\"; -- c;d\nSELECT /* ; */ 2;\n\n SELECT 3");
  EXPECT_THAT(split.list, ElementsAre("SELECT ';' FROM \"a;b\"", " -- c;d\nSELECT /* ; */ 2"));
  EXPECT_EQ(split.open, "\n\n SELECT 3");
  EXPECT_THAT(SplitStatements(";; ;").list, IsEmpty());
  EXPECT_THAT(SplitStatements("SELECT 'it''s; fine'").list, IsEmpty());
  EXPECT_EQ(SplitStatements("SELECT 'open;").open, "SELECT 'open;");
}

TEST(History, KeepsNoSecrets) {
  EXPECT_FALSE(LooksSecret("SELECT 1;"));
  EXPECT_TRUE(LooksSecret("\\! export AWS_SECRET_ACCESS_KEY=x"));
  EXPECT_TRUE(LooksSecret("SELECT 'Password'"));
}

// ---- plots (section 14)

PlotSpec Rising() {
  PlotSpec spec;
  spec.width = 40;
  spec.height = 3;
  spec.style = PlotStyle::kAscii;
  PlotSeries& series = spec.series.emplace_back();
  constexpr int64_t kMinute = 60'000'000'000;
  for (int64_t i = 0; i <= 30; ++i) {
    series.times.push_back(1'768'492'800'000'000'000 + i * kMinute);
    series.values.push_back(static_cast<double>(i));
  }
  return spec;
}

TEST(Plot, DrawsALineBetweenItsAxes) {
  EXPECT_EQ(DrawPlot(Rising()),
            "30.00 |                        aaaaaaaa\n"
            "15.00 |        aaaaaaaaaaaaaaaa\n"
            " 0.00 |aaaaaaaaa\n"
            "      +--------------------------------\n"
            "       16:00           16:15\n");
}

TEST(Plot, LeavesGapsAndMarksWatermarkAndFirstValues) {
  PlotSpec spec = Rising();
  for (size_t i = 10; i < 20; ++i) spec.series[0].values[i] = std::nan("");
  spec.watermark = spec.series[0].times[25];
  spec.first_published = {{spec.series[0].times[5], 30}};
  const std::string drawn = DrawPlot(spec);
  EXPECT_THAT(drawn, HasSubstr("30.00 |     o"));
  EXPECT_THAT(drawn, HasSubstr("15.00 |        aa           aaa :"));
  EXPECT_THAT(drawn, HasSubstr(":"));
  EXPECT_THAT(drawn, Not(HasSubstr("aaaaaaaaaaaaaaaa")));
}

TEST(Plot, OfNothingSaysSo) {
  PlotSpec spec;
  EXPECT_EQ(DrawPlot(spec), "(no points)\n");
  spec.series.push_back({"x", {1}, {std::nan("")}});
  EXPECT_EQ(DrawPlot(spec), "(no points)\n");
  spec.series[0].values = {5};
  EXPECT_THAT(DrawPlot(spec), Not(HasSubstr("no points")));
}

TEST(Plot, NamesItsSeries) {
  PlotSpec spec = Rising();
  spec.series.push_back(spec.series[0]);
  spec.series[0].name = "one";
  spec.series[1].name = "two";
  EXPECT_THAT(DrawPlot(spec), HasSubstr("a one   b two\n"));
}

TEST(Plot, RevisionsCompareFirstAndCurrentValues) {  // console-ux.md 16.2, in part
  const auto answer = ParseJson(
      R"({"watermark":"1768493520000000000","rows":[)"
      R"({"time":"1768492800000000000","window_end":"1768492860000000000","value":"0.5","dimensions":{},)"
      R"("revisions":[{"new":"0.5","frozen":false}]},)"
      R"({"time":"1768493040000000000","window_end":"1768493100000000000","value":"0.6189","dimensions":{},)"
      R"("revisions":[{"new":"0.517","frozen":false},{"new":"0.6189","frozen":false}]},)"
      R"({"time":"1768493280000000000","window_end":"1768493340000000000","value":"0.3355","dimensions":{},)"
      R"("revisions":[{"new":"0.1875","frozen":false},{"new":"0.3355","frozen":false}]},)"
      R"({"time":"1768493580000000000","window_end":"1768493640000000000","value":"0.4","dimensions":{},)"
      R"("revisions":[{"new":"0.4","frozen":false}]}]})");
  ASSERT_TRUE(answer.ok());
  PlotSpec base;
  base.style = PlotStyle::kAscii;
  base.height = 5;
  const std::string compared = DrawRevisions(*answer, base, RevisionMode::kCompare);
  const std::string drawing = compared.substr(0, compared.find("revised"));
  EXPECT_EQ(std::ranges::count(drawing, 'o'), 2) << compared;
  EXPECT_EQ(std::ranges::count(drawing, '*'), 2) << compared;
  EXPECT_THAT(drawing, HasSubstr("0.19 |"));  // the range holds the first values too
  EXPECT_THAT(compared, HasSubstr("2 of 3 final windows revised; largest +0.1480 (+78.9 %) at "
                                  "16:08:00; 1 provisional\n"));
  const std::string off = DrawRevisions(*answer, base, RevisionMode::kOff);
  EXPECT_EQ(std::ranges::count(off, '*'), 0) << off;
  EXPECT_THAT(off, Not(HasSubstr("revised")));
}

TEST(Plot, SparklinesScaleToTheirLargestValue) {
  EXPECT_EQ(Sparkline({0, 5, 10}, true), "▁▅█");
  EXPECT_EQ(Sparkline({0, 10}, false), ".7");
  EXPECT_EQ(Sparkline({0, 0}, true), "▁▁");
}

}  // namespace
}  // namespace tidemark::app
