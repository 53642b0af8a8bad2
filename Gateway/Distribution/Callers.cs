using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>Says who sends a request: by an access token, by <c>Basic</c>, or a stranger who may read what anonymous may.</summary>
internal sealed class Callers(Gatekeeper gatekeeper, BasicLogin basic)
{
    /// <summary>The caller, or why there is none; both when a stranger is let in whose credential was not good.</summary>
    public async ValueTask<(Caller? Caller, Refusal? Refusal)> Identify(
        HttpContext context, TokenService tokenService, FrontDoorMap map, Operation operation, RepositoryName? repository)
    {
        var (caller, refusal) = BasicLogin.IsTried(context.Request)
            ? await basic.Identify(context, tokenService, map)
            : await gatekeeper.Identify(context, tokenService, map);
        if (caller is null && OperationTable.IsRead(operation) && repository is not null)
        {
            caller = Gatekeeper.Stranger(context, tokenService, repository);
        }

        return (caller, refusal);
    }
}
