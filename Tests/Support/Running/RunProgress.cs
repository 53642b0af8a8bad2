using System.Collections.Concurrent;

namespace RegistryProxy.Tests.Support.Running;

/// <summary>What a run of tests has done and what it is at; told by one thread and asked by any.</summary>
internal sealed class RunProgress(TimeProvider time)
{
    private const int Named = 3;

    private readonly long _began = time.GetTimestamp();
    private readonly ConcurrentDictionary<string, (string Name, long Since)> _running = new();
    private readonly ConcurrentDictionary<string, (string Name, long Since, int Tests)> _open = new();
    private readonly ConcurrentDictionary<string, (int Tests, TimeSpan Wall)> _classes = new();
    private int _cases;
    private int _passed;
    private int _failed;
    private int _skipped;

    /// <summary>How many methods there are to run, each with all its data; 0 while nobody knows.</summary>
    public int Total { get; set; }

    public TimeSpan Elapsed => time.GetElapsedTime(_began);

    public IReadOnlyCollection<ClassTime> Classes =>
        [.. _classes.Select(type => new ClassTime(type.Key, type.Value.Tests, type.Value.Wall, ProcessCosts.Of(type.Key)))];

    public string Counts => $"{_passed} passed, {_failed} failed, {_skipped} skipped";

    public void Passed() => Interlocked.Increment(ref _passed);

    public void Failed() => Interlocked.Increment(ref _failed);

    public void Skipped() => Interlocked.Increment(ref _skipped);

    public void CaseFinished() => Interlocked.Increment(ref _cases);

    public void TestStarted(string id, string name) => _running[id] = (name, time.GetTimestamp());

    public void TestFinished(string id, string classId)
    {
        _running.TryRemove(id, out _);
        if (_open.TryGetValue(classId, out var open))
        {
            _open[classId] = open with { Tests = open.Tests + 1 };
        }
    }

    public void ClassStarted(string id, string name) => _open[id] = (name, time.GetTimestamp(), 0);

    public void ClassFinished(string id)
    {
        if (_open.TryRemove(id, out var open))
        {
            var wall = time.GetElapsedTime(open.Since);
            _classes.AddOrUpdate(open.Name, (open.Tests, wall), (_, before) => (before.Tests + open.Tests, before.Wall + wall));
        }
    }

    /// <summary>What is known of an error's place by the ids that its message carries: the test, else the class.</summary>
    public string? NameOf(string? testId, string? classId) =>
        testId is not null && _running.TryGetValue(testId, out var test) ? test.Name
        : classId is not null && _open.TryGetValue(classId, out var open) ? open.Name : null;

    /// <summary>One line for people: how far it is, and what has been running longest.</summary>
    public string Line()
    {
        var slowest = _running.Values.OrderBy(test => test.Since).Take(Named)
            .Select(test => $"{Short(test.Name)} ({time.GetElapsedTime(test.Since).TotalSeconds:F0} s)");
        var all = Total == 0 ? "" : $" of {Total}";
        return $"{Elapsed:mm\\:ss}  {_cases}{all} methods ({_passed + _failed + _skipped} tests), {_failed} failed; " +
            $"running: {string.Join(", ", slowest)}";
    }

    /// <summary>The last two parts of a name, without the arguments of a theory.</summary>
    private static string Short(string name) =>
        string.Join('.', name.Split('(')[0].Split('.')[^Math.Min(2, name.Split('(')[0].Split('.').Length)..]);
}
