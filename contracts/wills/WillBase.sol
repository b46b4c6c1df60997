// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IWillRegistry, WillId, WillState, WillTerms} from "./interfaces/IWillRegistry.sol";
import {WillLeaf} from "./libraries/WillLeaf.sol";
import {Seal} from "./libraries/WillSeal.sol";

/// @title WillBase
/// @notice What every part of the registry shares: the two slots of a will and how its state follows from them.
abstract contract WillBase is IWillRegistry, EIP712 {
    /// @dev The slot of life: changes only while the testator lives or a claim is pending. 256 bits:
    ///   0..39    lastBeat           unix seconds
    ///  40..79    windowEnd          unix seconds; 0 = no claim
    ///  80..95    version            1, 2 …
    ///  96..111   accepted           bit i−1: heir i
    /// 112..127   leaked             bit j−1: guardian j
    /// 128..143   extended           bit j−1: guardian j lengthened the pending claim
    /// 144..159   claims             how many claims there were; names the pending one
    /// 160..175   intervalDays
    /// 176..191   quorumWindowDays
    /// 192..207   overdueWindowDays
    /// 208..215   heirs              N
    /// 216..223   acceptances        needed
    /// 224..231   guardians          n
    /// 232..239   threshold          t
    /// 240..247   registrars         needed
    /// 248..255   flags
    struct Life {
        uint40 lastBeat;
        uint40 windowEnd;
        uint16 version;
        uint16 accepted;
        uint16 leaked;
        uint16 extended;
        uint16 claims;
        uint16 intervalDays;
        uint16 quorumWindowDays;
        uint16 overdueWindowDays;
        uint8 heirs;
        uint8 acceptances;
        uint8 guardians;
        uint8 threshold;
        uint8 registrars;
        uint8 flags;
    }

    /// @dev In a struct, so that its place is computed once for reading and writing.
    struct SealSlot {
        Seal word;
    }

    uint8 internal constant FLAG_ACTIVE = 1;
    uint8 internal constant FLAG_ESCROW = 2;
    uint8 internal constant FLAG_REFUSAL = 4;
    uint8 internal constant FLAG_BONDED = 8;
    /// @dev Stage of a will whose testator still has a say; the finer state follows from the slot of life.
    WillState internal constant ALIVE = WillState.None;

    mapping(WillId id => Life) internal _lives;
    mapping(WillId id => SealSlot) internal _seals;

    constructor() EIP712("Publica Wills", "1") {}

    // ------------------------------------------------------------------ read

    /// @inheritdoc IWillRegistry
    function stateOf(WillId id) public view returns (WillState) {
        WillState stage = _seals[id].word.stage();
        if (stage != ALIVE) return stage;
        Life storage life = _lives[id];
        if (life.version == 0) return WillState.None;
        if (life.windowEnd != 0) return WillState.Claimed;
        return life.flags & FLAG_ACTIVE != 0 ? WillState.Active : WillState.Sealed;
    }

    /// @inheritdoc IWillRegistry
    function versionOf(WillId id) external view returns (uint16 version, bytes29 manifestRoot) {
        return (_lives[id].version, _seals[id].word.root());
    }

    /// @inheritdoc IWillRegistry
    function sealOf(WillId id) external view returns (bytes29 manifestRoot, WillState state) {
        return (_seals[id].word.root(), stateOf(id));
    }

    /// @inheritdoc IWillRegistry
    function termsOf(WillId id) external view returns (WillTerms memory) {
        Life storage life = _lives[id];
        return
            WillTerms({
                intervalDays: life.intervalDays,
                quorumWindowDays: life.quorumWindowDays,
                overdueWindowDays: life.overdueWindowDays,
                heirs: life.heirs,
                acceptances: life.acceptances,
                guardians: life.guardians,
                threshold: life.threshold,
                registrars: life.registrars,
                escrow: life.flags & FLAG_ESCROW != 0,
                refusalCounts: life.flags & FLAG_REFUSAL != 0
            });
    }

    /// @inheritdoc IWillRegistry
    function clockOf(WillId id) external view returns (uint40 lastBeat, uint40 windowEnd) {
        Life storage life = _lives[id];
        return (life.lastBeat, life.windowEnd);
    }

    /// @inheritdoc IWillRegistry
    function progressOf(
        WillId id
    ) external view returns (uint16 accepted, uint16 leaked, uint16 published, uint16 claims) {
        Life storage life = _lives[id];
        return (life.accepted, life.leaked, _seals[id].word.published(), life.claims);
    }

    // ------------------------------------------------------------------ internal

    /// @dev Ends the testator's say, or goes on from there.
    function _enter(WillId id, WillState stage) internal {
        SealSlot storage slot = _seals[id];
        slot.word = slot.word.withStage(stage);
    }

    /// @dev The testator is part of the id.
    function _testator(WillId id) internal pure returns (address) {
        return address(bytes20(WillId.unwrap(id)));
    }

    function _requireTestator(WillId id) internal view {
        if (msg.sender != _testator(id)) revert WillNotTestator(id, msg.sender);
    }

    /// @dev Reverts unless `leaf` with `proof` leads to the current manifest root.
    function _requireInManifest(WillId id, bytes32 leaf, bytes32[] calldata proof) internal view {
        if (WillLeaf.rootOf(leaf, proof) != _seals[id].word.root()) revert WillNotInManifest(id);
    }
}
