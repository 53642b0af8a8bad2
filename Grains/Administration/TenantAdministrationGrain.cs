using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>Whose token it is, then what it asks for. Keeps nothing.</summary>
[StatelessWorker, Reentrant, GrainType("tenantadministration")]
internal sealed class TenantAdministrationGrain(AdministratorProof proof, AdministrationTable table) : Grain, ITenantAdministrationGrain
{
    public async ValueTask<AdministrationReply> Handle(AdministrationRequest request, CancellationToken cancellation = default)
    {
        var tenant = this.GetPrimaryKeyString();
        var (administrator, refusal) = await proof.Verify(tenant, request.Token, cancellation);
        return administrator is null ? refusal!
            : await table.Answer(new AdministrationCall(tenant, administrator, request), cancellation);
    }
}
