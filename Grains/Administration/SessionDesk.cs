using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/sessions[?search=TEXT][&amp;offset=N][&amp;limit=N]</c> and <c>POST /admin/sessions/revoke</c>: of this tenant.
/// </summary>
internal sealed class SessionDesk(IGrainFactory grains, RevocationBudgets revocations)
{
    /// <summary>How many are listed at once at most, and when nothing is said.</summary>
    public const int MaxListed = 1000;

    public async ValueTask<AdministrationReply> List(AdministrationCall call)
    {
        var (offset, limit) = (0, MaxListed);
        if (call.Fields() is not { } fields || !AdministrationQuestion.TryNumber(fields, "limit", 1, MaxListed, ref limit)
            || !AdministrationQuestion.TryNumber(fields, "offset", 0, int.MaxValue, ref offset)
            || fields.GetValueOrDefault("search", "") is not { Length: <= ITenantSessionsGrain.MaxSearch } search)
        {
            return AdministrationAnswer.Unreadable(
                $"'limit' must be a number from 1 to {MaxListed}, 'offset' a number from 0 on, and 'search' at most " +
                $"{ITenantSessionsGrain.MaxSearch} characters: which of this tenant's newest sessions are wanted");
        }

        var list = await Sessions(call).Find(search, offset, limit, CancellationToken.None);
        return AdministrationAnswer.Good(list.Sessions, AdministrationJson.Default.IReadOnlyListSessionSummary) with { Total = list.Total };
    }

    public async ValueTask<AdministrationReply> Revoke(AdministrationCall call)
    {
        var order = call.Read(AdministrationJson.Default.SessionRevocation);
        if (order is null || !call.IsOwn(order.Tenant) || (order.Subject is null) == (order.Session is null))
        {
            return AdministrationAnswer.Unreadable("the body must be {\"subject\"} or {\"session\"}, of this tenant");
        }

        if (!VerifiedIdentity.IsUsableSubject(order.Subject ?? order.Session!))
        {
            return AdministrationAnswer.Unreadable(
                $"nobody has such a name: it is empty, longer than {VerifiedIdentity.MaxSubject} characters or has control characters");
        }

        if (!revocations.TryCharge(call.Tenant))
        {
            return AdministrationAnswer.Error(429, "too many revocations of this tenant's administrators; wait a second");
        }

        var count = order.Subject is { } subject
            ? await Sessions(call).RevokeSubject(subject, CancellationToken.None)
            : await Sessions(call).RevokeSession(order.Session!, CancellationToken.None) ? 1 : 0;
        return AdministrationAnswer.Good(new SessionRevocationReply(count), AdministrationJson.Default.SessionRevocationReply) with
        {
            Change = new AdministrationEvent("revoke", order.Subject, Reference: order.Session, Count: count),
        };
    }

    private ITenantSessionsGrain Sessions(AdministrationCall call) => grains.GetGrain<ITenantSessionsGrain>(call.Tenant);
}

/// <summary>An order to end sessions: of a subject, or one.</summary>
internal sealed record SessionRevocation(string? Tenant, string? Subject, string? Session);

/// <summary>How many were ended.</summary>
internal sealed record SessionRevocationReply(int Revoked);
