using Microsoft.Extensions.Logging;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>A logger that keeps what it is told.</summary>
internal class LogLines : ILogger
{
    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add(formatter(state, exception));
}

/// <summary>The same for who asks for the logger of a type.</summary>
internal sealed class LogLines<T> : LogLines, ILogger<T>;
