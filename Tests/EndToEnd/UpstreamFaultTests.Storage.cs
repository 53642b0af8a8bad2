using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Faults of upstreams that answer themselves.</summary>
public sealed partial class UpstreamFaultTests
{
    /// <summary>The upstream itself answers, and limits, fails for what is asked, or leads to where nothing is had.</summary>
    private async Task ArrangeAnswering()
    {
        Add("errs", await Recording(context => Answer(context, context.Request.Path == "/v2/" ? 200 : 500)), "", "it answers 500", "status");
        Add("limited", await Recording(context =>
        {
            context.Response.Headers.RetryAfter = "300";
            return Answer(context, context.Request.Path == "/v2/" ? 200 : 429);
        }), "", "it answers 429; nothing is asked of it until 20", "throttled", Limit,
            state: "limited");
        Add("in-part", await Recording(context =>
            Answer(context, context.Request.Path == "/v2/" ? 200 : context.Request.Path.Value!.Contains($"/{Served}/") ? 404 : 500)),
            "", "^Part of upstream .* repository 'app': it answers 500$", "status", "RegistryProxyUpstreamPartFails",
            state: "failing in part");
        Add("loops", await Recording(context =>
        {
            context.Response.Headers.Location = context.Request.Path.Value;
            return Answer(context, context.Request.Path == "/v2/" ? 200 : 307);
        }), "", "redirected more than 5 times", "redirect");
        Add("page", await Recording(context =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<html>log in</html>");
        }), "", "it sent something that is no manifest", "content");
        Add("empty", await Recording(context => Answer(context, context.Request.Path == "/v2/" ? 200 : 204)), "", "it answers 204", "status");
        foreach (var (name, status, reason) in new[] { ("refuses", 403, "refused"), ("errs", 500, "status"), ("limits", 429, "throttled") })
        {
            var storage = await Recording(Status(status));
            AddStorage(name, await Recording(Redirecting(storage)), $@"\({storage}\) has been failing .* it answers {status}$", reason);
        }

        var gone = $"http://127.0.0.1:{FreePort.Next()}";
        AddStorage("down", await Recording(Redirecting(gone)), $@"\({gone}\) has been failing .* connection refused$", "connect");
        AddStorage("nameless", await Recording(Redirecting("http://bucket.corp.invalid")),
            @"\(http://bucket.corp.invalid\) .* does not resolve$", "name");
        var secure = (await Tls(TestCertificates.Authority("storage").Issue("a", "localhost"))).Url.TrimEnd('/');
        AddStorage("untrusted", await Recording(Redirecting(secure)), $@"\({secure}\) has been failing .*certificate", "tls");
        AddStorage("forbidden", await Recording(Redirecting("http://bucket.example")),
            @"\(http://bucket.example\) .*redirectHosts", "redirect", "[other.example]");
    }

    /// <summary>A repository that an upstream answers for, however others fail.</summary>
    private const string Served = "served";

    private void AddStorage(
        string name, string url, string line, string reason, string hosts = "[localhost, 127.0.0.1, bucket.corp.invalid]") => Add(
        $"storage-{name}", url, $", redirectHosts: {hosts}", line, $"storage_{reason}", StorageFails, state: "storage failing");

    private static Func<HttpContext, Task> Redirecting(string storage) => context =>
    {
        context.Response.Headers.Location = $"{storage}/blob?signature={Canary}";
        return Answer(context, context.Request.Path == "/v2/" ? 200 : 307);
    };
}
