// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IEncryptionKeyRegistry} from "./interfaces/IEncryptionKeyRegistry.sol";

/// @title EncryptionKeyRegistry
/// @notice See {IEncryptionKeyRegistry}. Nobody but the account can change its key; there is no administrator.
contract EncryptionKeyRegistry is IEncryptionKeyRegistry, EIP712 {
    bytes32 public constant SET_KEY_TYPEHASH = keccak256(
        "SetKey(address account,bytes32 keyHash,uint32 sequence,uint256 deadline)"
    );

    uint256 private constant HASH_SHIFT = 72;
    uint256 private constant SEQUENCE_SHIFT = 40;

    mapping(address account => uint256 word) private _keys;

    constructor() EIP712("Publica Encryption Keys", "1") {}

    /// @inheritdoc IEncryptionKeyRegistry
    function isCurrent(address account, bytes32 keyHash) external view returns (bool) {
        uint256 stored = _keys[account] >> HASH_SHIFT;
        return stored != 0 && stored == uint256(keyHash) >> HASH_SHIFT;
    }

    /// @inheritdoc IEncryptionKeyRegistry
    function keySince(address account) external view returns (uint40) {
        uint256 word = _keys[account];
        return word >> HASH_SHIFT == 0 ? 0 : uint40(word);
    }

    /// @inheritdoc IEncryptionKeyRegistry
    function sequenceOf(address account) public view returns (uint32) {
        return uint32(_keys[account] >> SEQUENCE_SHIFT);
    }

    /// @inheritdoc IEncryptionKeyRegistry
    function setKey(bytes32 keyHash) external {
        _set(msg.sender, keyHash, sequenceOf(msg.sender));
    }

    /// @inheritdoc IEncryptionKeyRegistry
    function setKeyBySignature(address account, bytes32 keyHash, uint256 deadline, bytes calldata signature) external {
        if (block.timestamp > deadline) revert EncryptionKeyRequestExpired(deadline);
        uint32 sequence = sequenceOf(account);
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(SET_KEY_TYPEHASH, account, keyHash, sequence, deadline))
        );
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature))
            revert EncryptionKeySignatureInvalid(account);
        _set(account, keyHash, sequence);
    }

    function _set(address account, bytes32 keyHash, uint32 sequence) private {
        uint256 next = uint256(sequence) + 1;
        _keys[account] =
            ((uint256(keyHash) >> HASH_SHIFT) << HASH_SHIFT) |
            (next << SEQUENCE_SHIFT) |
            uint40(block.timestamp);
        emit EncryptionKeySet(account, keyHash, uint32(next));
    }
}
