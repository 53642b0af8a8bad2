using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Principals;

/// <summary>
/// The secret of one principal: issued once for all who ask, again between a half and four fifths of its life while the old one serves
/// until it really expires. What fails is not asked again before its back-off is over.
/// </summary>
/// <param name="stored">What was issued before a restart; <c>null</c> for nothing.</param>
/// <param name="keep">Called with what is issued.</param>
/// <param name="time">The time.</param>
internal sealed class PrincipalLease(StoredSecret? stored, Func<StoredSecret, Task> keep, TimeProvider time)
{
    /// <summary>Less than a caller waits for a token.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    /// <summary>From one replacement of a refused secret to the next: a refusal may be about a single repository.</summary>
    private static readonly TimeSpan ReplacePeriod = TimeSpan.FromMinutes(1);

    /// <summary>How long a secret is used that its service says is good for longer.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private readonly FailureBackoff _backoff = new(unreachableCap: TimeSpan.FromSeconds(10));
    private readonly SingleFlight<PrincipalAnswer> _flight = new();
    private PrincipalAnswer? _current = stored?.Answer;
    private DateTimeOffset _refreshAfter = stored?.RefreshAfter ?? default;
    private DateTimeOffset _replaceableFrom;
    private long _version = stored?.Answer.Version ?? 0;

    public async ValueTask<PrincipalAnswer> Get(ISecretIssuer issuer, long refusedVersion)
    {
        var now = time.GetUtcNow();
        if (_current is not { } current || now >= current.Expires)
        {
            return _backoff.Current(now) is { } failure ? PrincipalAnswer.Of(failure) : await Issue(issuer);
        }

        if (refusedVersion == current.Version && (_flight.IsRunning || now >= _replaceableFrom))
        {
            _replaceableFrom = now + ReplacePeriod;
            var replaced = await Issue(issuer);
            return replaced.Failure is null ? replaced : _current;
        }

        if (now >= _refreshAfter && _backoff.Current(now) is null)
        {
            Issue(issuer).Ignore();
        }

        return current;
    }

    private Task<PrincipalAnswer> Issue(ISecretIssuer issuer) => _flight.Join(() => IssueCore(issuer));

    private async Task<PrincipalAnswer> IssueCore(ISecretIssuer issuer)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        UpstreamFailure failure;
        try
        {
            var issued = await issuer.Issue(limit.Token);
            var now = time.GetUtcNow();
            if (issued.Expires > now)
            {
                return await Keep(issued, now);
            }

            failure = new(UpstreamFailureKind.Misconfigured,
                $"the {issuer.Kind} principal was issued a credential that has already expired: check the clocks", 0);
        }
        catch (Exception fault)
        {
            failure = IssueFaults.From(issuer.Kind, fault);
        }

        return PrincipalAnswer.Of(_backoff.Note(failure, time.GetUtcNow()));
    }

    private async Task<PrincipalAnswer> Keep(IssuedSecret issued, DateTimeOffset now)
    {
        _backoff.Clear();
        _version = Math.Max(_version + 1, now.ToUnixTimeMilliseconds());
        var expires = issued.Expires < now + Longest ? issued.Expires : now + Longest;
        _refreshAfter = now + ((expires - now) * Jitter.Between(0.5, 0.8));
        var answer = new PrincipalAnswer { Secret = issued.Secret, Version = _version, Expires = expires };
        _current = answer;
        await keep(new StoredSecret(answer, _refreshAfter));
        return answer;
    }
}
