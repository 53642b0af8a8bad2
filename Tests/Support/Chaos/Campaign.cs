namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>
/// Keeps what the members said where <c>REGISTRYPROXY_CHAOS_LOGS</c> names a folder, or when a row failed, in the temporary folder.
/// </summary>
internal sealed class Campaign(
    ChaosCluster cluster, ITestOutputHelper output, [System.Runtime.CompilerServices.CallerFilePath] string row = "") : IDisposable
{
    private static readonly string? Wanted = Environment.GetEnvironmentVariable("REGISTRYPROXY_CHAOS_LOGS");

    private bool _passed;

    public void Passed() => _passed = true;

    public void Dispose()
    {
        if (_passed && Wanted is null)
        {
            return;
        }

        var name = Path.GetFileNameWithoutExtension(row);
        var folder = Directory.CreateDirectory(
            Path.Combine(Wanted ?? Path.GetTempPath(), $"registryproxy-{name}-{Guid.NewGuid():N}")).FullName;
        foreach (var member in cluster.Members)
        {
            File.WriteAllText(Path.Combine(folder, $"{member.Name}.log"), member.Log);
        }

        output.WriteLine($"what the members said is in {folder}");
    }
}
