using RegistryProxy.Silo.Admin.Replies;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>POST /admin/attestations/reset</c>: frees an instance from the nonce it is bound to, in one tenant or in all that know the
/// authenticator.
/// </summary>
internal sealed class AttestationEndpoints(
    ClientAddress addresses, OperatorCalls calls, IConfigurationFeed configuration, AuditLog audit, TimeProvider time)
{
    public async Task Reset(HttpContext context)
    {
        if (await AdminBody.Read(context, AdminJson.Default.AttestationReset) is not
            { Authenticator: { Length: > 0 } authenticator, Instance: { Length: > 0 } instance } reset)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest,
                "the body must be {\"authenticator\", \"instance\"}, and may name a \"tenant\"");
            return;
        }

        var tenants = configuration.Current.Configuration.Tenants.Values
            .Where(tenant => tenant.Authenticators.Contains(authenticator) && (reset.Tenant is null || reset.Tenant == tenant.Name))
            .ToList();
        if (tenants.Count == 0)
        {
            await AdminReply.Error(context, StatusCodes.Status404NotFound, $"no tenant has an authenticator '{authenticator}'");
            return;
        }

        var count = 0;
        foreach (var tenant in tenants)
        {
            count += await Reset(context, reset, tenant.Name) ? 1 : 0;
        }

        await AdminReply.Json(context, new AttestationResetReply(count), AdminJson.Default.AttestationResetReply);
    }

    /// <summary>It does not end with the request: what was begun is done, and has its line.</summary>
    private async Task<bool> Reset(HttpContext context, AttestationReset reset, string tenant)
    {
        bool isFreed;
        try
        {
            isFreed = await calls.Call<IAttestationResetGrain, bool>(
                $"{tenant}/{reset.Authenticator}/{reset.Instance}", grain => grain.Reset(CancellationToken.None));
        }
        catch (Exception)
        {
            Write(context, reset, tenant, 0, "outcome unknown: the cluster or its state storage did not respond");
            throw;
        }

        Write(context, reset, tenant, isFreed ? 1 : 0, null);
        return isFreed;
    }

    private void Write(HttpContext context, AttestationReset reset, string tenant, int count, string? reason) => audit.Write(new AuditEvent
    {
        Time = time.GetUtcNow(),
        Event = "attestation-reset",
        Tenant = tenant,
        Authenticator = reset.Authenticator,
        Subject = reset.Instance,
        Client = addresses.Of(context)?.ToString(),
        Count = count,
        Reason = reason,
    });
}
