using System.Buffers;
using Microsoft.AspNetCore.Routing.Template;
using RegistryProxy.Protocol;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// Where a browser goes once it is logged in: a page of this listener. What is no path that the listener maps, letter by letter, is not
/// corrected but left out, for browsers read paths in more ways than one.
/// </summary>
internal static class ReturnPath
{
    public const string Default = "/";

    /// <summary>Answered before routing.</summary>
    private const string Metrics = "/metrics";

    private static readonly SearchValues<char> OfPath =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    private static readonly SearchValues<char> OfQuery =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?=&%+:,@!$*");

    /// <summary>What was asked for, if it is such a page; else the start page.</summary>
    public static string Of(string? asked, EndpointDataSource endpoints)
    {
        if (asked is null)
        {
            return Default;
        }

        var path = new RawTarget(asked).Path.ToString();
        return !path.AsSpan().ContainsAnyExcept(OfPath) && !asked.AsSpan(path.Length).ContainsAnyExcept(OfQuery)
            && IsMapped(path, endpoints) ? asked : Default;
    }

    private static bool IsMapped(string path, EndpointDataSource endpoints) =>
        path == Metrics
        || (path is ['/', ..] && !path.Contains("//") && !path.Contains("/.")
            && endpoints.Endpoints.OfType<RouteEndpoint>().Any(endpoint => IsPage(endpoint, path)));

    private static bool IsPage(RouteEndpoint endpoint, string path) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>() is { HttpMethods: var methods } && methods.Contains(HttpMethods.Get)
        && new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(path, []);
}
