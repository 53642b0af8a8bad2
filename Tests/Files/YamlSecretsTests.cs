using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Tests.Files;

/// <summary>Secrets of a tenant's part are not shown again, and everything else is as it was written.</summary>
public sealed class YamlSecretsTests
{
    private static readonly string[] Odd =
        ["plain", "a: b", "\"quoted\" \\back", "line\nbreak\n", " both ", "#no comment", "ünïcode 🙂", "tab\tand\u0085nel", "'", "{", "\u2028", ""];

    [Theory]
    [InlineData("{ value: S }")]
    [InlineData("{ value: 'S' }")]
    [InlineData("{value: \"S\"}")]
    [InlineData("\n          value: S # why")]
    [InlineData("\n          value: |\n            S\n            S")]
    [InlineData("\n          value: >-\n            S\n\n            S\n")]
    [InlineData("\n          value:\n            S")]
    [InlineData("{ \"value\": \"S\\\n            S\" }")]
    [InlineData("{ \"\\u0076alue\": S }")]
    [InlineData("{\n            value: S\n            }")]
    public void A_secret_in_any_form_is_hidden_and_comes_back(string secret)
    {
        foreach (var ending in new[] { "\n", "\r\n" })
        {
            ComesBack(secret.ReplaceLineEndings(ending), ending);
        }
    }

    [Fact]
    public void A_list_of_strangers_costs_what_its_length_does()
    {
        var began = GC.GetAllocatedBytesForCurrentThread();
        var text = $"access:\n{string.Concat(Enumerable.Repeat("- name: a\n", 30_000))}- name: b\n- '{YamlSecrets.Kept}'\n";
        Assert.Equal(text, YamlSecrets.Restore(text, "", new ErrorList("x")));
        Assert.Equal("+ access['c'].name: c; - access['b'].name: b", YamlChanges.Between(
            "access: [ { name: b }, { name: a }, { name: a } ]", "access: [ { name: c }, { name: a }, { name: a } ]", 512));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - began, 1, 500_000_000);
    }

    [Theory]
    [InlineData("{ \"\\u0076alue\": s3cr3t }")]
    [InlineData("{ 'value': s3cr3t }")]
    [InlineData("{ ? value : s3cr3t }")]
    public void A_key_however_written_is_that_of_a_secret(string secret) => Assert.DoesNotContain(
        "s3cr3t", YamlSecrets.Hide($"define: {{ upstreams: {{ a: {{ credentials: {{ token: {secret} }} }} }} }}"));

    [Fact]
    public void Odd_secrets_come_back_as_they_were()
    {
        foreach (var odd in Odd)
        {
            var quoted = System.Text.Json.JsonSerializer.Serialize(odd).Replace("\\uD83D\\uDE42", "🙂");
            var text = $"define: {{ upstreams: {{ a: {{ credentials: {{ token: {{ value: {quoted} }} }} }} }} }}";
            var back = YamlSecrets.Restore(YamlSecrets.Hide(text), text, new ErrorList("x"));
            Assert.Equal("", YamlChanges.Between(text, back, 512));
            Assert.Equal(back, YamlSecrets.Restore(YamlSecrets.Hide(back), back, new ErrorList("x")));
        }
    }

    [Theory]
    [InlineData("https://one.example", "https://thief.example")]
    [InlineData("username: u", "username: v")]
    [InlineData("one:", "three:")]
    [InlineData("type: basic", "type: basic, realms: [\"https://thief.example\"]")]
    public void A_secret_goes_nowhere_else_than_it_was_given_for(string good, string other)
    {
        const string Text = """
            define:
              upstreams:
                one: { url: "https://one.example", credentials: { type: basic, username: u,
                  password: { value: s3cr3t } } }
            """;
        var errors = new ErrorList("x");
        var changed = YamlSecrets.Hide(Text).Replace(good, other);
        Assert.Equal(changed, YamlSecrets.Restore(changed, Text, errors));
        var error = Assert.Single(errors.Sorted);
        Assert.Equal(4, error.Line);
        Assert.EndsWith(".credentials.password.value", error.Field);
        Assert.Contains("write the secret itself", error.Message);
    }

    [Fact]
    public void Changes_are_told_value_by_value_and_no_secret_is()
    {
        const string Before = """
            routes: [ { prefix: hub, upstream: hub } ]
            access: [ { name: dev, who: [anonymous], actions: [pull] }, { name: ci, who: ["robot:*"], actions: [pull] } ]
            define: { upstreams: { a: { credentials: { token: { value: s3cr3t } } } } }
            """;
        const string After = """
            access: [ { name: first, who: [anonymous], actions: [] }, { name: dev, who: [anonymous], actions: [push] }, { name: ci, who: ["robot:*"], actions: [pull] } ]
            define: { upstreams: { a: { credentials: { token: { value: 0ther } } } } }
            """;
        Assert.Equal(
            "+ access['first'].name: first; + access['first'].who[0]: anonymous; + access['first'].actions: []; " +
            "~ access['dev'].actions[0]: pull → push; ~ define.upstreams.a.credentials.token.value: *** → ***; " +
            "- routes['hub'].prefix: hub; - routes['hub'].upstream: hub",
            YamlChanges.Between(Before, After, 1000));
        var cut = YamlChanges.Between(Before, After, 100);
        Assert.True(cut.Length <= 100 && cut.EndsWith("more"), cut);
        Assert.Equal("", YamlChanges.Between(Before, $"# said\n{Before}\n", 100));
        Assert.StartsWith("+ routes", YamlChanges.Between("", Before, 1000));
    }

    private static void ComesBack(string secret, string ending)
    {
        var text = $$"""
            # of acme; S is not hidden here
            define:
              upstreams:
                one:
                  url: https://one.example # it is
                  credentials:
                    type: basic
                    username: u
                    password: {{secret.Replace("S", "s3cr3t")}}
                two: { url: "https://two.example", credentials: { type: bearer, token: { value: other } } }
            access: [ { name: value, when: { value: x } } ]
            """.ReplaceLineEndings(ending);
        var hidden = YamlSecrets.Hide(text);
        Assert.DoesNotContain("s3cr3t", hidden);
        Assert.DoesNotContain("other", hidden);
        Assert.Contains("password:", hidden);
        Assert.Contains("two: { url: \"https://two.example\", credentials: { type: bearer, token: { value: \"<kept>\" } } }", hidden);
        Assert.EndsWith("access: [ { name: value, when: { value: x } } ]", hidden);
        var errors = new ErrorList("x");
        var back = YamlSecrets.Restore(hidden, text, errors);
        Assert.Empty(errors.Sorted);
        Assert.Equal(hidden.Split('\n').Length, back.Split('\n').Length);
        Assert.Equal("", YamlChanges.Between(text, back, 512));
        Assert.Equal(hidden, YamlSecrets.Hide(back));
    }
}
