using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Running;

/// <summary>What people are told of a run, and which classes take too long.</summary>
public sealed class RunProgressTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void The_line_says_how_far_it_is_and_what_has_run_longest()
    {
        var progress = new RunProgress(_time) { Total = 5 };
        progress.ClassStarted("c", "RegistryProxy.Tests.Some.ClassTests");
        progress.TestStarted("1", "RegistryProxy.Tests.Some.ClassTests.Done");
        progress.TestStarted("2", "RegistryProxy.Tests.Some.ClassTests.Slow(x: \"a.b\")");
        _time.Advance(TimeSpan.FromSeconds(61));
        progress.TestStarted("3", "RegistryProxy.Tests.Other.ClassTests.Quick");
        progress.Passed();
        progress.TestFinished("1", "c");
        progress.CaseFinished();
        Assert.Equal("01:01  1 of 5 methods (1 tests), 0 failed; running: ClassTests.Slow (61 s), ClassTests.Quick (0 s)", progress.Line());
        Assert.Equal("1 passed, 0 failed, 0 skipped", progress.Counts);
    }

    [Fact]
    public void A_class_takes_from_its_first_test_to_its_last()
    {
        var progress = new RunProgress(_time);
        progress.ClassStarted("c", "A");
        progress.TestStarted("1", "A.One");
        progress.TestFinished("1", "c");
        _time.Advance(TimeSpan.FromSeconds(3));
        progress.ClassFinished("c");
        var type = Assert.Single(progress.Classes);
        Assert.Equal(("A", 1, TimeSpan.FromSeconds(3)), (type.Name, type.Tests, type.Wall));
    }

    [Theory]
    [InlineData(149, 600, 0, false)]
    [InlineData(151, 600, 0, true)]
    [InlineData(151, 600, 60, false)]
    [InlineData(151, 721, 0, false)]
    public void A_class_may_take_two_and_a_half_minutes_and_what_it_waits_unless_the_whole_run_is_late(
        int seconds, int whole, int waits, bool exceeded)
    {
        ClassTime[] classes = [Took("A", seconds), Took("B", 10)];
        Assert.Equal(exceeded ? ["A"] : [], Exceeded(classes, whole, waits));
    }

    [Fact]
    public void On_a_slow_machine_a_class_may_take_its_share_of_what_all_took()
    {
        var others = Enumerable.Range(0, 100).Select(number => Took($"{number}", 60)).ToList();
        Assert.Empty(Exceeded([.. others, Took("A", 300)], 700, 0));
        Assert.Equal(["A"], Exceeded([.. others, Took("A", 350)], 700, 0));
    }

    private static ClassTime Took(string name, int seconds) => new(name, 1, TimeSpan.FromSeconds(seconds), default);

    private static IEnumerable<string> Exceeded(IReadOnlyCollection<ClassTime> classes, int whole, int waits) =>
        ClassBudget.Exceeded(classes, TimeSpan.FromSeconds(whole), _ => TimeSpan.FromSeconds(waits)).Select(pair => pair.Class.Name);
}
