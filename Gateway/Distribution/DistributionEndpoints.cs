using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>
/// The only way into <c>/v2/</c>: 1. parse the raw target, 2. name the operation, 3. translate <c>?ns=</c>, 4. identify the caller, 5. keep
/// to limits, 6. ask the rules and the token, 7. route, 8. run, within the tenant's places and audited. Nothing upstream is touched before
/// step 8. Errors are returned, and written by the listener.
/// </summary>
internal sealed class DistributionEndpoints(
    Callers callers, OperationRunner runner, TenantLimits limits, NewNames names, AuditTrail audit, FaultAnswers faults, TimeProvider time)
{
    /// <param name="context">The request.</param>
    /// <param name="tokenService">Whose it is.</param>
    /// <param name="map">The configuration.</param>
    /// <param name="isPage">Whether the page for people asks, which shows no credential for anybody who has not logged in.</param>
    public async Task<DistributionError?> Handle(
        HttpContext context, TokenService tokenService, FrontDoorMap map, bool isPage = false)
    {
        // 1. Parse.
        var rawTarget = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!DistributionPath.TryParse(rawTarget, out var path, out var error))
        {
            return await Refuse(context, tokenService, error);
        }

        // 2. Name the operation.
        if (OperationTable.Find(path.Endpoint, context.Request.Method) is not { } operation)
        {
            context.Response.Headers.Allow = OperationTable.Allow(path.Endpoint);
            return await Refuse(context, tokenService, DistributionError.Unsupported("this endpoint does not support this method"));
        }

        // 3. Translate the namespace.
        if (!NamespaceTranslation.TryTranslate(context, tokenService.Tenant, path, out var repository, out error))
        {
            return await Refuse(context, tokenService, error);
        }

        // 4. Identify.
        var (caller, refusal) = isPage && !BearerAuthentication.IsBasic(context.Request)
            ? (Gatekeeper.Anyone(tokenService), null)
            : await callers.Identify(context, tokenService, map, operation, repository);
        if (caller is null)
        {
            if (await CountUnknown(context, tokenService, refusal!) is { } tooMany)
            {
                audit.Limited(context, tokenService, operation, path, repository, refusal!.Holder ?? refusal.Known, tooMany);
                return tooMany;
            }

            audit.Refused(context, tokenService, operation, path, repository, null, refusal!);
            return (refusal! with { Scope = ChallengeScope(operation, repository) }).At(tokenService);
        }

        caller.Token.Use.Begin();
        try
        {
            return await Admit(context, new RegistryWideRequest(context, tokenService, map, path, caller, isPage), operation, repository);
        }
        finally
        {
            caller.Token.Use.End(time.GetTimestamp());
        }
    }

    /// <summary>Refuses before anybody is identified: it counts for the address.</summary>
    private async Task<DistributionError> Refuse(HttpContext context, TokenService tokenService, DistributionError error) =>
        await limits.AdmitStranger(tokenService.Tenant, context) ?? error;

    /// <summary>Whose token is not good is a stranger; whose session nobody can judge now has a good token.</summary>
    private ValueTask<DistributionError?> CountUnknown(HttpContext context, TokenService tokenService, Refusal refusal) =>
        refusal.IsCounted ? default
        : refusal.Holder is { Session: { } session } holder ? limits.AdmitIdentity(tokenService.Tenant, session.Key, holder.Subject)
        : refusal is { Error.Status: StatusCodes.Status401Unauthorized, BearerError: null }
            ? limits.AdmitChallenged(tokenService.Tenant, context)
        : limits.AdmitStranger(tokenService.Tenant, context);

    private async Task<DistributionError?> Admit(
        HttpContext context, RegistryWideRequest whole, Operation operation, RepositoryName? repository)
    {
        var (tokenService, path, caller) = (whole.TokenService, whole.Path, whole.Caller);

        // 5. Keep to limits.
        if (await limits.Admit(tokenService.Tenant, caller, context) is { } tooMany)
        {
            audit.Limited(context, tokenService, operation, path, repository, caller.Token, tooMany);
            return tooMany;
        }

        // 6. Ask the rules and the token.
        if (callers.Require(caller, tokenService, operation, path, repository, HttpMethods.IsHead(context.Request.Method)) is { } refusal)
        {
            audit.Refused(context, tokenService, operation, path, repository, caller, refusal);
            return refusal.At(tokenService);
        }

        if (repository is null)
        {
            var error = await runner.RunOnRegistry(operation, whole);
            audit.Refused(context, tokenService, operation, path, null, caller.Token, error);
            return error;
        }

        // 7. Route.
        var route = tokenService.Tenant.RouteOf(repository);
        if (route?.DestinationOf(repository) is not { } destination)
        {
            return DistributionError.NameUnknown("no route of this registry matches this name");
        }

        var (account, hasMissed, spent) = names.Of(caller, context);
        if (spent is not null && names.IsNew(destination))
        {
            audit.Limited(context, tokenService, operation, path, repository, caller.Token, spent);
            return spent;
        }

        // 8. Run.
        return await Run(operation, new RegistryRequest
        {
            Context = context,
            TokenService = tokenService,
            Map = whole.Map,
            Path = path,
            Caller = caller,
            IsPage = whole.IsPage,
            Repository = repository,
            Route = route,
            Destination = destination,
            Account = account,
            HasMissed = hasMissed,
            TooManyMisses = spent,
        });
    }

    private async Task<DistributionError?> Run(Operation operation, RegistryRequest request)
    {
        RequestSpan.For(request.Context, request.Upstream.Name);
        var body = Body(operation, request.Context);
        var (lease, full) = await limits.Begin(request.TokenService.Tenant, request.Key, request.Context);
        if (full is not null)
        {
            body?.End();
            audit.Limited(request.Context, request.TokenService, operation, request.Path, request.Repository, request.Caller.Token, full);
            return full;
        }

        DistributionError? error = null;
        try
        {
            error = await runner.Run(operation, request);
            await ThrottledBody.Finish(request.Context);
            return error;
        }
        catch (Exception fault) when (!request.Context.Response.HasStarted)
        {
            return error = faults.Answer(request.Context, fault);
        }
        finally
        {
            body?.End();
            lease?.Dispose();
            request.Settle(error);
            audit.Done(request, operation, error);
        }
    }

    /// <summary>
    /// Watches the body of a write, if it has one: before a limit of the tenant holds it back, which is not its client's doing.
    /// </summary>
    private MovingBody? Body(Operation operation, HttpContext context) => operation switch
    {
        Operation.PutManifest => MovingBody.Watch(context, MovingBody.HeldRate, time),
        Operation.StartUpload or Operation.UploadChunk or Operation.FinishUpload =>
            MovingBody.Watch(context, MovingBody.StreamedRate, time),
        _ => null,
    };

    private static string? ChallengeScope(Operation operation, RepositoryName? repository) => operation switch
    {
        Operation.Ping => null,
        Operation.ListCatalog => Scope.Catalog.ToString(),
        _ => Scope.Of(repository!, OperationTable.Actions(operation).Challenge).ToString(),
    };
}

/// <summary>
/// <c>?ns=</c> of containerd mirrors (containerd, docs/hosts.md; OCI distribution-spec, "Registry Proxying"): translated once into a
/// public name; from then on only that name counts.
/// </summary>
internal static class NamespaceTranslation
{
    public static bool TryTranslate(
        HttpContext context, Tenant tenant, DistributionPath path, out RepositoryName? repository, out DistributionError error)
    {
        repository = path.Repository;
        error = null!;
        if (!path.Query.TryGetSingle("ns", out var ns))
        {
            error = DistributionError.Unsupported("ns must be given only once", 400);
            return false;
        }

        if (ns is null || repository is null || tenant.IsOwnHost(ns, RequestHost.NameOf(context.Request)))
        {
            return true;
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            error = DistributionError.Unsupported("ns is only for pulls; a mirror cannot be written to");
            return false;
        }

        repository = tenant.FromNamespace(ns, repository);
        if (repository is null)
        {
            error = DistributionError.NameUnknown("this registry is not a mirror of that namespace and name");
            return false;
        }

        context.Response.Headers["OCI-Namespace"] = ns;
        return true;
    }
}

/// <summary>What repositories that were not there cost who asks for the next one.</summary>
internal sealed class NewNames(MissedNames misses, UpstreamTokenCache tokens)
{
    /// <summary>
    /// The account that a caller is charged on, <c>null</c> for who is logged in; whether it missed before; and the error when it did so
    /// often that it gets no new name now.
    /// </summary>
    public (NameAccount? Account, bool HasMissed, DistributionError? Spent) Of(Caller caller, HttpContext context)
    {
        if (misses.AccountOf(caller, context) is not { } account)
        {
            return (null, false, null);
        }

        var (hasMissed, spent) = misses.Of(account);
        return (account, hasMissed, spent);
    }

    /// <summary>Whether a token of the upstream would have to be asked for.</summary>
    public bool IsNew(Destination destination) => !tokens.Has(
        destination.Upstream, new UpstreamTokenKey(destination.Upstream.Name, UpstreamScope.Pull(destination.Name)));
}
