using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Clustering;

/// <summary>What <c>state</c> may say.</summary>
public sealed class StateConfigurationTests : IDisposable
{
    private const string Hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private readonly TemporaryFolder _folder = new();

    private static byte[] Key => Convert.FromHexString(Hex);

    [Theory]
    [InlineData(Hex)]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")]
    public void A_key_is_hexadecimal_or_base64(string text)
    {
        Assert.Equal(Key, Read($"value: \"{text}\""));
        _folder.Write("key", text + "\n");
        Assert.Equal(Key, Read("file: key"));
    }

    [Fact]
    public void A_key_is_raw_bytes_of_a_file_line_breaks_included()
    {
        byte[] raw = [.. Key[..31], (byte)'\n'];
        File.WriteAllBytes(_folder.File("key"), raw);
        Assert.Equal(raw, Read("file: key"));
    }

    [Theory]
    [InlineData("provider: file, file: { path: state }", "state.encryptionKeys", "at least one key is required")]
    [InlineData("provider: redis, redis: { connection: \"127.0.0.1:1\" }", "state.encryptionKeys", "at least one key is required")]
    [InlineData("provider: file, encryptionKeys: [{ id: k1, key: { value: GOOD } }]", "state.file", "is required")]
    [InlineData("provider: redis, encryptionKeys: [{ id: k1, key: { value: GOOD } }]", "state.redis", "is required")]
    [InlineData("provider: disk", "state.provider", "memory, file or redis")]
    [InlineData("encryptionKeys: [{ id: k1, key: { value: canary } }]", "state.encryptionKeys[0].key",
        "has 6 bytes; it must be 32 bytes: raw, in base64")]
    [InlineData("encryptionKeys: [{ id: k1, key: { value: 00112233445566778899aabbccddeeff } }]", "state.encryptionKeys[0].key",
        "half of a key")]
    [InlineData("encryptionKeys: [{ id: \"k 1\", key: { value: GOOD } }]", "state.encryptionKeys[0].id", "letters, digits")]
    [InlineData("encryptionKeys: [{ id: k1, key: { value: GOOD } }, { id: k1, key: { value: GOOD } }]",
        "state.encryptionKeys", "used twice")]
    [InlineData("encryptionKeys: [{ id: k1, key: { value: GOOD } }], discardKeys: [k0, k1]", "state.discardKeys",
        "'k1' is one of encryptionKeys")]
    [InlineData("encryptionKeys: [{ id: k1, key: { value: GOOD } }], discardKeys: [\"k 0\"]", "state.discardKeys[0]", "letters, digits")]
    [InlineData("encryptionKeys: [{ id: k1, key: { value: GOOD } }], discardKeys: k0", "state.discardKeys", "must be a list")]
    [InlineData("encryptionKeys: [{ id: k1, key: { value: GOOD } }], discardKeys: [k0]", "state.discardKeys", "")]
    [InlineData("encryptionKeys: [{ id: k1 }]", "state.encryptionKeys[0].key", "is required")]
    [InlineData("encryptionKeys: []", "state.encryptionKeys", "")]
    public void An_error_names_its_field_and_never_a_key(string state, string field, string saying)
    {
        var errors = Parse(state.Replace("GOOD", Hex)).Errors;
        if (saying.Length == 0)
        {
            Assert.Empty(errors);
            return;
        }

        Assert.Contains(errors, error => error.Field == field && error.Message.Contains(saying));
        Assert.DoesNotContain(errors, error => error.ToString().Contains("canary") || error.ToString().Contains("0011"));
    }

    [Fact]
    public void A_key_that_is_not_on_this_machine_is_for_the_silo_to_complain_of()
    {
        var result = Parse("provider: file, file: { path: state }, encryptionKeys: [{ id: k1, key: { file: nowhere } }]");
        Assert.Empty(result.Errors);
        var fault = Assert.Throws<ConfigurationUnusableException>(() => StateKeys.Read(result.Snapshot!.Configuration.State));
        Assert.Contains("state.encryptionKeys: the secret file", fault.Message);
    }

    public void Dispose() => _folder.Dispose();

    private byte[] Read(string source)
    {
        var result = Parse($"provider: file, file: {{ path: state }}, encryptionKeys: [{{ id: k1, key: {{ {source} }} }}]");
        Assert.Empty(result.Errors);
        return Assert.Single(result.Snapshot!.Configuration.State.EncryptionKeys).Read();
    }

    private ConfigurationResult Parse(string state) => ConfigurationFile.Parse(
        $$"""
        state: { {{state}} }
        upstreams: { local: { url: "https://registry.example" } }
        tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: local }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] } }
        """,
        _folder.File("config.yaml"));
}
