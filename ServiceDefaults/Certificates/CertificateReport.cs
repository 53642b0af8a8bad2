using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Files;

namespace RegistryProxy.ServiceDefaults.Certificates;

/// <summary>Logs when a certificate was replaced, why changed files are not used, and what is wrong with one in use.</summary>
internal sealed partial class CertificateReport(TimeProvider time, ILogger<CertificateReport> logger) : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Told> _told = [];

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Look();
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks once.</summary>
    internal void Look()
    {
        foreach (var (section, certificate, refused) in CertificatesInUse.Look())
        {
            var end = certificate.NotAfter.ToUniversalTime();
            var ownProblem = CertificateFiles.ProblemAt(time.GetUtcNow(), certificate);
            var isKnown = _told.TryGetValue(section, out var told);
            if (isKnown && told.Thumbprint != certificate.Thumbprint)
            {
                LogReplaced(section, end);
            }

            var problem = refused ?? ownProblem;
            DateTimeOffset? since = problem is null ? null : told.Since ?? time.GetUtcNow();
            if (problem is null && told.Since is { } began)
            {
                LogWell(section, began);
            }
            else if (refused is not null && told.Problem != refused)
            {
                LogRefused(section, since!.Value, refused, end);
            }
            else if (refused is null && problem is not null && told.Problem != problem)
            {
                LogProblem(section, since!.Value, problem);
            }

            _told[section] = new Told(certificate.Thumbprint, problem, since);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Section}: a new certificate is in use, valid until {End:u}")]
    private partial void LogReplaced(string section, DateTime end);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "{Section}: the changed files are not used since {Since:u}: {Problem}. " +
            "The certificate that is valid until {End:u} stays in use")]
    private partial void LogRefused(string section, DateTimeOffset since, string problem, DateTime end);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Section}: {Problem} (since {Since:u})")]
    private partial void LogProblem(string section, DateTimeOffset since, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Section}: the certificate can be used again; that was not so since {Since:u}")]
    private partial void LogWell(string section, DateTimeOffset since);

    private readonly record struct Told(string Thumbprint, string? Problem, DateTimeOffset? Since);
}
