using RegistryProxy.Background;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Asks the host of an upstream itself, <c>GET /v2/</c> without a credential, when what fails may be of a few repositories alone: one
/// question at a time, whose answer counts for a while.
/// </summary>
internal sealed class HostProbe(TimeProvider time)
{
    /// <summary>How long the host has for its answer at most.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer is as good as a new one.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(2);

    private static readonly OriginForm Base = OriginForm.Of("/v2/");
    private static readonly HttpRequestOptionsKey<bool> Ping = new("registryproxy.ping");

    private readonly SingleFlight<bool> _asking = new();
    private Verdict? _last;

    /// <summary>Whether the host failed when it was last asked, and that is not long ago; while it is asked anew that counts on.</summary>
    public bool HasFailed => Volatile.Read(ref _last) is { Fails: true } last && time.GetElapsedTime(last.At) < (2 * Life) + Timeout;

    /// <summary>Whether the host fails; asks it unless it was asked just now.</summary>
    public Task<bool> Fails(UpstreamQuestion question, TimeSpan timeout) =>
        Volatile.Read(ref _last) is { } last && time.GetElapsedTime(last.At) < Life
            ? Task.FromResult(last.Fails)
            : _asking.Join(() => Probe(question, timeout));

    /// <summary>Whether a request asks a host whether it answers at all.</summary>
    public static bool IsPing(HttpRequestMessage request) => request.Options.TryGetValue(Ping, out var isPing) && isPing;

    /// <summary>As nobody and for nothing, by the same rules of what may be dialled.</summary>
    private static HttpRequestMessage PingOf(HttpRequestMessage request)
    {
        var ping = new HttpRequestMessage(HttpMethod.Get, HttpOrigin.Of(request.RequestUri!).At(Base));
        RequestHeaders.AddCommon(ping);
        foreach (var (name, value) in request.Options)
        {
            ((IDictionary<string, object?>)ping.Options)[name] = value;
        }

        ping.Options.Set(Ping, true);
        return ping;
    }

    private async Task<bool> Probe(UpstreamQuestion question, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        var fails = false;
        try
        {
            using var ping = PingOf(question.Request);
            using var answer = await question.Next.SendAsync(ping, limit.Token);
            fails = UpstreamBreaker.IsFailure(answer.StatusCode);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            fails = fault is OperationCanceledException || UpstreamBreaker.IsFailure(fault);
        }

        Volatile.Write(ref _last, new Verdict(fails, time.GetTimestamp()));
        return fails;
    }

    private sealed record Verdict(bool Fails, long At);
}
