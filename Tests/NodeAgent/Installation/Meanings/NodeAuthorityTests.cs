using System.Text;
using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>An authority that the settings name from / on is the node's own: it is looked for on the node, and never written.</summary>
public sealed class NodeAuthorityTests
{
    /// <summary>A place that machines have, and where each has something else.</summary>
    private const string Bundle = "/etc/ssl/certs/ca-certificates.crt";

    private const string Extracted = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";

    private static readonly string Corporate = $"# Autorit\u00e9\n{TestCertificates.Authority("corp").ExportCertificatePem()}\n";

    [Fact]
    public async Task What_the_node_trusts_stays_as_it_is()
    {
        using var node = Node(Bundle);
        node.Write(Extracted, "");
        node.WriteBytes(Extracted, Corporate);
        Directory.CreateDirectory(node.At("/etc/ssl/certs"));
        File.CreateSymbolicLink(node.At(Bundle), Extracted);
        var before = node.Snapshot();
        foreach (var target in (string[])["image-service", "docker-helper", "image-service"])
        {
            Assert.True(await node.Install(target) == 0, node.Said.ToString());
            Assert.Equal(Corporate, node.ReadBytes(Extracted));
        }

        node.WriteBytes(Extracted, Corporate + Corporate);
        node.Systemd.Commands.Clear();
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.Equal(Corporate + Corporate, node.ReadBytes(Extracted));
        node.WriteBytes(Extracted, Corporate);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal(0, await node.Uninstall("docker-helper"));
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("-----BEGIN CERTIFICATE-----\n")]
    [InlineData("")]
    public async Task One_that_the_node_does_not_have_is_refused_though_this_machine_has_it(string? text)
    {
        using var node = Node(Bundle);
        if (text is not null)
        {
            node.Write(Bundle, text);
        }

        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"));
        Assert.Contains($"ca: {Bundle} of the node cannot be read as certificates in PEM", refusal.Message);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task One_that_an_earlier_version_made_there_is_the_nodes_from_now_on()
    {
        using var node = Node("/config/ca.crt");
        node.Write("/config/ca.crt", Corporate);
        Assert.Equal(0, await node.Install("image-service"));
        var store = new RecordStore(node.Host());
        var (record, bytes) = (store.Read(), Encoding.UTF8.GetBytes(Corporate));
        var ours = new Place
            { Path = "/config/ca.crt", After = bytes, Created = true, Edits = [new OwnFile("image-service", Corporate)] };
        store.Write(record with { Places = [.. record.Places, ours] });
        Assert.True(await node.Install("docker-helper") == 0, node.Said.ToString());
        Assert.Equal(0, await node.Uninstall("docker-helper"));
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal(Corporate, node.Read("/config/ca.crt"));
    }

    private static FakeNode Node(string ca)
    {
        var node = FakeNode.Of("kubeadm");
        node.Settings = node.Settings.Replace(
            "url: \"https://docker.acme.example\",", $"url: \"https://docker.acme.example\", ca: {ca},", StringComparison.Ordinal);
        return node;
    }
}
