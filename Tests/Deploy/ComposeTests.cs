namespace RegistryProxy.Tests.Deploy;

/// <summary>What the cluster needs of whoever runs it, in <c>docker-compose.yml</c>.</summary>
public sealed class ComposeTests
{
    private static readonly string File = System.IO.File.ReadAllText(
        Path.Combine(new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "docker-compose.yml"));

    [Theory]
    [InlineData("x-silo: &silo")]
    [InlineData("x-gateway: &gateway")]
    [InlineData("  redis:")]
    public void What_ends_with_a_fault_is_started_again(string service)
    {
        var section = File[File.IndexOf($"\n{service}\n", StringComparison.Ordinal)..].Split("\n\n")[0];
        Assert.Contains("restart: on-failure\n", $"{section}\n");
    }

    [Fact]
    public void Redis_keeps_what_it_acknowledged() => Assert.Contains("\"--appendonly\", \"yes\", \"--appendfsync\", \"always\"", File);
}
