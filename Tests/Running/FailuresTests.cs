using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Running;

/// <summary>What the last lines of a run say of what failed in it.</summary>
public sealed class FailuresTests
{
    private readonly Failures _failures = new();

    [Fact]
    public void A_run_in_which_nothing_failed_lists_nothing() => Assert.Equal("", _failures.ToString());

    [Fact]
    public void Each_is_one_line_with_its_name_and_message()
    {
        _failures.Add("A.One", "Assert.Equal() Failure\n  Expected: 1\r\n\tActual: 2");
        _failures.Add("B.Two(text: \"a\nb\")", "it hung");
        Assert.Equal("Failed:\n  A.One: Assert.Equal() Failure Expected: 1 Actual: 2\n  B.Two(text: \"a b\"): it hung", _failures.ToString());
    }

    [Fact]
    public void The_list_is_bounded_in_lines_and_characters()
    {
        for (var i = 0; i < Failures.MaxNamed + 7; i++)
        {
            _failures.Add(new string('n', 5000), new string('m', 5000));
        }

        var lines = _failures.ToString().Split('\n');
        Assert.Equal(Failures.MaxNamed + 2, lines.Length);
        Assert.Equal("  and 7 more", lines[^1]);
        Assert.All(lines, line => Assert.True(line.Length <= (2 * Failures.MaxCharacters) + 10));
    }

    [Fact]
    public void What_the_servers_of_a_test_said_last_stands_below_it()
    {
        _failures.Add("A", "503 instead of 200", "Silo: ready", "Silo: Redis is away");
        _failures.Add("B", "hung", [.. Enumerable.Range(0, 100).Select(line => $"Gateway: {line}")]);
        var lines = _failures.ToString().Split('\n');
        Assert.Equal(["Failed:", "  A: 503 instead of 200", "      Silo: ready", "      Silo: Redis is away", "  B: hung"], lines[..5]);
        Assert.Equal("      Gateway: 99", lines[^1]);
        Assert.Equal(3 + Failures.MaxSaid, lines.Length);
    }

    [Fact]
    public void Servers_are_known_by_their_test_until_it_ends()
    {
        var test = TestContext.Current.Test!.UniqueID;
        ServerOutput.Started("Silo", () => Enumerable.Range(0, 100).Select(line => $"{line} {new string('x', 1000)}"));
        var said = ServerOutput.Of(test);
        Assert.Equal(ServerOutput.MaxLines, said.Count);
        Assert.StartsWith("Silo: 99 xxx", said[^1], StringComparison.Ordinal);
        Assert.True(said[^1].Length <= ServerOutput.MaxCharacters + "Silo: ".Length);
        ServerOutput.Forget(test);
        Assert.Empty(ServerOutput.Of(test));
    }

    [Fact]
    public void What_was_cut_says_so()
    {
        _failures.Add("A", new string('m', Failures.MaxCharacters + 1));
        Assert.EndsWith("mmm...", _failures.ToString(), StringComparison.Ordinal);
    }
}
