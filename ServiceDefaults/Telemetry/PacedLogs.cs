using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>A log in which nobody from outside can write as much as he likes: see <see cref="LogPace"/>.</summary>
/// <param name="inner">Writes the lines.</param>
/// <param name="time">The clock.</param>
internal sealed class PacedLogs(ILoggerProvider inner, TimeProvider time) : ILoggerProvider, ISupportExternalScope
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>
    /// What Kestrel says aloud of what clients do: too many connections (24), HTTP/2 frames without end (60), a body that was given up
    /// (67).
    /// </summary>
    private static readonly int[] OfClients = [24, 60, 67];

    /// <summary>An exception that nobody caught, which is a client's when his body could not be read.</summary>
    private const int ApplicationError = 13;

    private readonly LogPace _pace = new(time);

    public ILogger CreateLogger(string categoryName) => new Paced(inner.CreateLogger(categoryName), categoryName, _pace);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => (inner as ISupportExternalScope)?.SetScopeProvider(scopeProvider);

    /// <summary>What writes the lines is ended by who made it.</summary>
    public void Dispose()
    {
    }

    private static bool IsOfClient(string category, int id, Exception? fault) => category.StartsWith(Kestrel, StringComparison.Ordinal)
        && (Array.IndexOf(OfClients, id) >= 0 || (id == ApplicationError && fault is BadHttpRequestException));

    private sealed class Paced(ILogger inner, string category, LogPace pace) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!inner.IsEnabled(logLevel) || IsOfClient(category, eventId.Id, exception)
                || !MayWrite(logLevel, eventId, out var left))
            {
                return;
            }

            if (left > 0)
            {
                inner.Log(logLevel, default, left, null, static (count, _) => $"{count} lines like the next one were left out");
            }

            inner.Log(logLevel, eventId, state, exception, formatter);
        }

        /// <summary>An alarm is never left out: each is of something else, and is said once.</summary>
        private bool MayWrite(LogLevel level, EventId eventId, out long left)
        {
            left = 0;
            return level == LogLevel.Critical || pace.MayWrite(new LogKind(category, eventId.Id, eventId.Name), out left);
        }
    }
}
