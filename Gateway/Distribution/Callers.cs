using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>
/// Says who sends a request, by an access token, by <c>Basic</c>, or a stranger who may read what anonymous may; and whether they may.
/// </summary>
internal sealed class Callers(Gatekeeper gatekeeper, BasicLogin basic, PushedManifests pushed)
{
    /// <summary>The caller, or why there is none; both when a stranger is let in whose credential was not good.</summary>
    public async ValueTask<(Caller? Caller, Refusal? Refusal)> Identify(
        HttpContext context, TokenService tokenService, FrontDoorMap map, Operation operation, RepositoryName? repository)
    {
        var (caller, refusal) = BearerAuthentication.IsBasic(context.Request)
            ? await basic.Identify(context, tokenService, map)
            : await gatekeeper.Identify(context, tokenService, map);
        if (caller is null && OperationTable.IsRead(operation) && repository is not null)
        {
            caller = Gatekeeper.Stranger(context, tokenService, repository);
        }

        return (caller, refusal);
    }

    /// <summary><c>null</c> when the request may go on.</summary>
    public Refusal? Require(
        Caller caller, TokenService tokenService, Operation operation, DistributionPath path, RepositoryName? repository, bool isHead)
    {
        if (repository is null)
        {
            return operation == Operation.ListCatalog ? caller.RequireCatalog() : null;
        }

        var (needed, carried, challenge) = OperationTable.Actions(operation);
        if (operation is Operation.PullManifest or Operation.PullBlob
            && !caller.MayEver(repository, needed) && caller.MayEver(repository, RepositoryActions.Push)
            && (isHead || (path.Reference?.Digest is { } digest && pushed.AreOf(tokenService.Tenant.Name, caller, repository, digest))))
        {
            // Who may only push looks what is there already before, some with a token that was asked for pull alone, and at the end at what
            // came of it.
            (needed, carried, challenge) = OperationTable.Actions(Operation.UploadStatus);
        }

        return caller.Require(repository, needed, carried, challenge);
    }
}
