using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Mirror;

/// <summary>
/// A mirror for containerd's <c>hosts.toml</c>: reads alone, from the front door that serves the registry which <c>?ns=</c> names, with
/// this node's identity. Every request must carry the secret of the node.
/// </summary>
internal sealed class MirrorEndpoint
{
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromMinutes(5) };

    private readonly IHttpForwarder _forwarder;
    private readonly string _stateDir;
    private volatile Secret? _secret;

    private readonly Dictionary<string, (Registry Registry, HttpMessageInvoker Invoker)> _registries;

    public MirrorEndpoint(IHttpForwarder forwarder, AgentSettings settings, RegistryDirectory registries, TimeProvider time)
    {
        _forwarder = forwarder;
        _stateDir = settings.StateDir;

        // Made before anybody asks, so that who installs can read it; what is wrong is told to those who do.
        _ = TryGetSecret(out _);
        _registries = settings.Mirror!.FrontDoors.ToDictionary(
            entry => entry.Key,
            entry => registries.FindUrl(entry.Value) is { } registry
                ? (registry, new HttpMessageInvoker(new MirrorAuthentication(registry, time)))
                : throw new InvalidOperationException($"{entry.Value} is not one of frontDoors"));
    }

    public async Task Handle(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (TryGetSecret(out var problem) is not { } secret)
        {
            await Refuse(context, StatusCodes.Status503ServiceUnavailable, problem!);
        }
        else if (!secret.Equals(new Secret(context.Request.Headers[MirrorSecret.Header].ToString())))
        {
            await Refuse(
                context, StatusCodes.Status403Forbidden,
                $"requests to the mirror must carry {MirrorSecret.Header}, which `install --target containerd-mirror` writes into "
                    + $"hosts.toml");
        }
        else if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            await Refuse(context, StatusCodes.Status405MethodNotAllowed, "the mirror reads only");
        }
        else if (!target.StartsWith("/v2/", StringComparison.Ordinal) || !OriginForm.TryParse(target, out var asked))
        {
            await Refuse(context, StatusCodes.Status404NotFound, "the mirror serves /v2/ only");
        }
        else if (Registry(target) is not { } registry || !_registries.TryGetValue(registry, out var proxyRegistry))
        {
            await Refuse(context, StatusCodes.Status404NotFound, "no front door serves the registry that ?ns= names (mirror.frontDoors)");
        }
        else
        {
            await _forwarder.SendAsync(
                context, HttpOrigin.Of(proxyRegistry.Registry.Url).Serialized, proxyRegistry.Invoker, Config,
                new MirrorTransformer(proxyRegistry.Registry.Url, asked));
        }
    }

    /// <summary>The secret of the node, as soon as its folder can be used: kubelet needs the agent meanwhile.</summary>
    private Secret? TryGetSecret(out string? problem)
    {
        problem = null;
        try
        {
            return _secret ??= MirrorSecret.Obtain(_stateDir);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            problem = $"stateDir: {_stateDir} cannot be used: {fault.Message}";
            return null;
        }
    }

    private static string? Registry(string target) =>
        QueryParameters.TryParse(new RawTarget(target).Query, out var query) && query.TryGetSingle("ns", out var registry)
            ? registry
            : null;

    private static Task Refuse(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(MirrorError.Json(message), context.RequestAborted);
    }
}
