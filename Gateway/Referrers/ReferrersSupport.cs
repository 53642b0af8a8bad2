using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>
/// Whether an upstream has a referrers API, for a while. Repositories of one registry may differ in it, and one that is not there is told
/// by the same 404: so it is known by repository, and an absence only where the repository is known to be there.
/// </summary>
internal sealed class ReferrersSupport(UpstreamClient client, TimeProvider time)
{
    /// <summary>Repositories of which it is remembered.</summary>
    public const int Capacity = 10_000;

    /// <summary>What they may weigh, in bytes.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>How long it is remembered.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    private readonly WeighedCache<(string Upstream, RepositoryName Name), (bool Has, long At)> _known = new(
        Capacity, MaxBytes, static (key, _) => TextWeight.Of(key.Upstream) + TextWeight.Of(key.Name.Value));

    /// <summary>As far as it is known; <c>null</c> when it is not.</summary>
    public bool? Of(Destination destination) =>
        _known.TryGet((destination.Upstream.Identity, destination.Name), out var known) && time.GetElapsedTime(known.At) < Life
            ? known.Has : null;

    public void Learn(Destination destination, bool has) =>
        _known.Set((destination.Upstream.Identity, destination.Name), (has, time.GetTimestamp()));

    /// <summary>What an error of <c>/referrers/</c> says: that nobody answers there, as the specification, or others, have it.</summary>
    public static bool IsAbsence(int status) =>
        status is StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed or StatusCodes.Status406NotAcceptable
            or StatusCodes.Status501NotImplemented;

    /// <summary>The same where the question has no cursor: its digest was parsed here, so 400 is of nothing else.</summary>
    public static bool IsAbsenceWithoutCursor(int status) => IsAbsence(status) || status == StatusCodes.Status400BadRequest;

    /// <summary>
    /// Asks, unless it is known; <c>null</c> when the answer says neither. No is remembered by who knows that the repository is there.
    /// </summary>
    public async Task<bool?> Query(RegistryRequest request, Digest subject, CancellationToken cancellation)
    {
        if (Of(request.Destination) is { } known)
        {
            return known;
        }

        using var message = new HttpRequestMessage(HttpMethod.Get, (Uri?)null);
        RequestHeaders.AddCommon(message);
        var result = await client.SendWithTimeout(request.Upstream, RequestOf(request, subject), message, cancellation);
        using (result.Answer)
        {
            if (result.Answer is not { } answer)
            {
                return result.Refused is { IsOfAnother: false } refused && IsAbsenceWithoutCursor(refused.Status) ? false : null;
            }

            try
            {
                if (!await PulledReferrers.IsList(answer, cancellation))
                {
                    // A page of whoever answers for everything, or an error.
                    return false;
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException)
            {
                return null;
            }

            Learn(request.Destination, has: true);
            return true;
        }
    }

    private static UpstreamRequest RequestOf(RegistryRequest request, Digest subject) => new()
    {
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/referrers/{subject}"),
        Payer = request,
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.NameUnknown(),
        Kind = CallKind.Listing,
    };
}
