from kernel_bridge.kernel_tokens import KernelTokens


def test_a_token_is_its_kernels_alone() -> None:
    tokens = KernelTokens()
    token = tokens.issue("k-1", owner="ada")
    assert (tokens.kernel_of(token), tokens.owner_of("k-1")) == ("k-1", "ada")
    assert tokens.owner_of("k-2") == ""
    other = KernelTokens().issue("k-1")
    signature = token.partition(".")[2]
    for wrong in ("", ".", "k-1", "k-1.", f"k-2.{signature}", f".{signature}", other, token + "0",
                  token[:-1], "k-1.é", f"\ud800.{signature}"):  # fmt: skip
        assert tokens.kernel_of(wrong) is None, wrong
