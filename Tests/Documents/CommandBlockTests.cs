using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>Commands of the documents can be typed as they stand: shells parse them, and our programs know their options.</summary>
public sealed partial class CommandBlockTests
{
    public static TheoryData<string> Scripts => DocumentBlock.Places("sh");

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_shell_takes_it(string place) =>
        (await Shell.Run("bash", ["-n"], DocumentBlock.At(place).Text)).ShouldSucceed();

    [Fact]
    public async Task Our_programs_know_the_commands_and_options_that_are_given_to_them()
    {
        var calls = DocumentBlock.All.Where(block => block.Language is "sh" or "yaml").SelectMany(Calls).ToList();
        Assert.True(calls.Count > 15, $"{calls.Count}");
        Dictionary<(string, string), string> known = [];
        foreach (var (place, program, command, options) in calls)
        {
            if (!known.TryGetValue((program, command), out var help))
            {
                string[] arguments = [FrontDoor.DllOf(program), .. command.Length > 0 ? [command] : Array.Empty<string>(), "--help"];
                var told = await Shell.Run("dotnet", arguments);
                Assert.True(told.ExitCode == 0, $"{place}: {told.Output}");
                known[(program, command)] = help = told.Output;
            }

            Assert.All(options, option => Assert.True(
                Regex.IsMatch(help, $@"(?<![\w-]){option}(?![\w-])"), $"{place}: {program} {command} has no {option}"));
        }
    }

    /// <summary>Paths of the admin listener are those that the silo maps.</summary>
    [Fact]
    public void Admin_paths_exist()
    {
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(DocumentBlock.Root, "Silo"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(DocumentBlock.Root, "Gateway"), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/")).Select(File.ReadAllText));
        var named = DocumentBlock.Pages
            .SelectMany(page => AdminPath().Matches(File.ReadAllText(Path.Combine(DocumentBlock.Root, page)))
                .Select(match => (Page: page, Path: match.Value)))
            .Distinct().ToList();
        Assert.True(named.Count > 10);
        Assert.Empty(named.Where(one => !sources.Contains($"\"{one.Path}") && !sources.Contains($"\"{Path.GetDirectoryName(one.Path)}/{{"))
            .Select(one => $"{one.Page}: {one.Path}"));
    }

    private static IEnumerable<(string Place, string Program, string Command, IReadOnlyList<string> Options)> Calls(DocumentBlock block) =>
        OurCall().Matches(block.Text.Replace("\\\n", " ")).Select(call =>
        {
            var (host, arguments) = (call.Groups["host"].Value, call.Groups["arguments"].Value.Split('#')[0]);
            var words = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var command = words is [var first, ..] && Word().IsMatch(first) ? first : "";
            return (block.Place, host.Length > 0 ? host : "NodeAgent", command,
                (IReadOnlyList<string>)[.. words.Where(word => word.StartsWith("--", StringComparison.Ordinal) && word.Length > 2)
                    .Select(word => word.Split('=')[0])]);
        });

    [GeneratedRegex(
        @"(?:dotnet run --project (?<host>Standalone|Silo|Gateway|NodeAgent)(?:[ ]+--(?<arguments>[ ][^\n|&]*))?" +
        @"|^[ $]*(?:sudo )?registryproxy-nodeagent(?<arguments>[^\n|&]*))",
        RegexOptions.Multiline)]
    private static partial Regex OurCall();

    [GeneratedRegex("^[a-z][a-z-]*$")]
    private static partial Regex Word();

    [GeneratedRegex(@"/admin/[a-z]+(?:/[a-z]+)?(?=[\s?`&""/)]|$)", RegexOptions.Multiline)]
    private static partial Regex AdminPath();
}
