// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";
import {ShareVerifier} from "../foundation/ShareVerifier.sol";
import {IWillRegistry, WillId, WillState} from "./interfaces/IWillRegistry.sol";
import {WillHeir, WillLeaf} from "./libraries/WillLeaf.sol";
import {Seal} from "./libraries/WillSeal.sol";
import {WillSignatures} from "./libraries/WillSignatures.sol";
import {EstateVaultFactory} from "./EstateVaultFactory.sol";
import {WillDeath} from "./WillDeath.sol";

/// @title WillRegistry
/// @notice See {IWillRegistry}. Life is in WillLife, death in WillDeath; here is what follows the release. There is no
/// administrator: the testator decides until a claim, the clock and the guardians after it.
contract WillRegistry is WillDeath {
    bytes32 private constant LEAK_TYPEHASH = keccak256(
        "Leak(bytes32 willId,uint16 version,uint8 guardian,address reporter)"
    );
    bytes32 private constant OPENED_TYPEHASH = keccak256("Opened(bytes32 willId,uint16 version,bytes32 commitment)");

    /// @notice Makes the vaults, one a will.
    EstateVaultFactory public immutable VAULTS;

    constructor(ICredentialReader credentials, uint96 claimBond) WillDeath(credentials, claimBond) {
        VAULTS = new EstateVaultFactory(this);
    }

    /// @inheritdoc IWillRegistry
    function publishShare(WillId id, uint8 guardian, uint256 share, bytes32[] calldata proof) external {
        SealSlot storage slot = _seals[id];
        Seal seal = slot.word;
        if (!seal.isPublishing()) revert WillStateWrong(id, stateOf(id));
        uint16 bit = _guardianBit(id, guardian);
        if (seal.isPublished(bit)) revert WillShareAlreadyPublished(id, guardian);
        bytes32 leaf = WillLeaf.guardianShare(guardian, ShareVerifier.shareAddress(share));
        if (WillLeaf.rootOf(leaf, proof) != seal.root()) revert WillNotInManifest(id);
        slot.word = seal.withPublished(bit);
        emit WillSharePublished(id, guardian, share);
    }

    /// @inheritdoc IWillRegistry
    function proveLeak(WillId id, uint8 guardian, bytes32 r, bytes32 vs, bytes32[] calldata proof) external {
        Life storage life = _lives[id];
        if (life.version == 0 || _seals[id].word.stage() != ALIVE) revert WillStateWrong(id, stateOf(id));
        uint16 bit = _guardianBit(id, guardian);
        if (life.leaked & bit != 0) revert WillLeakAlreadyProven(id, guardian);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(LEAK_TYPEHASH, id, life.version, guardian, msg.sender)));
        address share = WillSignatures.signerOf(digest, r, vs);
        _requireInManifest(id, WillLeaf.guardianShare(guardian, share), proof);
        life.leaked |= bit;
        emit WillLeakProven(id, guardian, msg.sender);
    }

    /// @inheritdoc IWillRegistry
    function open(
        WillId id,
        bytes32 commitment,
        WillHeir[] calldata heirs,
        bytes[] calldata signatures,
        bytes32[] calldata proof
    ) external {
        Life storage life = _lives[id];
        if (_seals[id].word.stage() != WillState.Released) revert WillStateWrong(id, stateOf(id));
        if (signatures.length != heirs.length) revert WillListLengthWrong(signatures.length, heirs.length);
        _requireInManifest(id, WillLeaf.heirs(heirs), proof);
        uint16 version = life.version;
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(OPENED_TYPEHASH, id, version, commitment)));
        uint256 signed = _countSigned(id, digest, heirs, signatures);
        uint256 required = life.flags & FLAG_ESCROW != 0 ? heirs.length - 1 : heirs.length;
        if (signed < required) revert WillQuorumMissing(signed, required);
        _enter(id, WillState.Opened);
        emit WillOpened(id, version, commitment);
    }

    /// @inheritdoc IWillRegistry
    function heartbeatByVault(WillId id) external {
        _requireVault(id);
        Life storage life = _lives[id];
        if (life.version == 0) return;
        if (life.windowEnd != 0) {
            _vetoClaim(id);
        } else if (block.timestamp > life.lastBeat) {
            life.lastBeat = uint40(block.timestamp);
            emit WillHeartbeat(id, uint40(block.timestamp));
        }
    }

    /// @inheritdoc IWillRegistry
    function settleByVault(WillId id) external {
        _requireVault(id);
        Seal seal = _seals[id].word;
        if (!seal.isPublishing()) revert WillStateWrong(id, stateOf(id));
        WillState stage = seal.stage() == WillState.Opened ? WillState.Executed : WillState.Lapsed;
        _enter(id, stage);
        emit WillSettled(id, stage);
    }

    /// @dev How many heirs signed; an empty signature leaves its heir out, a wrong one is not passed over.
    function _countSigned(
        WillId id,
        bytes32 digest,
        WillHeir[] calldata heirs,
        bytes[] calldata signatures
    ) private view returns (uint256 signed) {
        for (uint256 i = 0; i < heirs.length; ++i) {
            if (signatures[i].length == 0) continue;
            if (!WillSignatures.isValid(heirs[i].wallet, digest, signatures[i]))
                revert WillSignatureInvalid(id, heirs[i].wallet);
            ++signed;
        }
    }

    function _requireVault(WillId id) private view {
        if (msg.sender != VAULTS.vaultOf(id)) revert WillNotVault(id, msg.sender);
    }
}
