using System.Collections.Concurrent;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>What became of every request and every pull of a load.</summary>
internal sealed class PullTally
{
    private readonly ConcurrentBag<RequestRecord> _requests = [];
    private readonly ConcurrentBag<string> _failures = [];
    private int _pulls;
    private long _bytes;

    public IReadOnlyCollection<RequestRecord> Requests => _requests;

    /// <summary>Pulls that failed after every retry, each with why.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Whole images that came, every digest right.</summary>
    public int Pulls => _pulls;

    public long Bytes => _bytes;

    /// <summary>Requests that did not do what they were sent for: the client tried again.</summary>
    public IEnumerable<RequestRecord> Bad => _requests.Where(request => request.Problem is not null);

    public TimeSpan Slowest => _requests.IsEmpty ? TimeSpan.Zero : _requests.Max(request => request.Took);

    public void Add(RequestRecord request) => _requests.Add(request);

    public void AddPull(long bytes)
    {
        Interlocked.Increment(ref _pulls);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void AddFailure(string why) => _failures.Add(why);

    public override string ToString()
    {
        var took = _requests.Select(request => request.Took.TotalMilliseconds).Order().ToList();
        var problems = Bad.GroupBy(request => $"{request.Kind}: {request.Problem}").OrderByDescending(group => group.Count())
            .Select(group => $"\n    {group.Count()} × {group.Key}");
        return $"{Pulls} pulls, {Bytes / 1e6:F0} MB, {_failures.Count} failed; {took.Count} requests, {Bad.Count()} tried again"
            + (took.Count == 0 ? ""
                : $"; to the headers p50 {took[took.Count / 2]:F0} ms, p99 {took[took.Count * 99 / 100]:F0} ms, max {took[^1]:F0} ms")
            + string.Concat(problems);
    }
}

/// <summary>One request.</summary>
/// <param name="Kind">token, manifest or blob.</param>
/// <param name="User">Who asked.</param>
/// <param name="At">When it was sent.</param>
/// <param name="Took">Until the headers of the answer came, or until it failed.</param>
/// <param name="Problem">Why it had to be sent again; <c>null</c> when it did what it should.</param>
internal sealed record RequestRecord(string Kind, string User, DateTimeOffset At, TimeSpan Took, string? Problem);
