using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RegistryProxy.Egress;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults;

/// <summary>Says at the start which proxy is on the way out.</summary>
internal sealed partial class ProxyReport(HostStart start, ILogger<ProxyReport> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var environment = EnvironmentProxy.Current;
        if (start.Source.Current.Configuration.Egress.Proxy is { } configured)
        {
            LogConfigured(configured.Url ?? (object)"none");
        }
        else if (environment.Settings is { } settings)
        {
            LogEnvironment(settings.Url, settings.Except);
        }
        else if (environment.Problem is { } problem)
        {
            LogUnusable(problem);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "Outgoing connections use the proxy of egress.proxy, {Proxy}")]
    private partial void LogConfigured(object proxy);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Outgoing connections use the proxy {Proxy} of HTTPS_PROXY, except for NO_PROXY ({Except}); egress.proxy and " +
            "upstreams.*.proxy of the configuration take precedence")]
    private partial void LogEnvironment(Uri proxy, NoProxyList except);

    [LoggerMessage(Level = LogLevel.Error, Message = "HTTPS_PROXY is ignored: {Problem}")]
    private partial void LogUnusable(string problem);
}
