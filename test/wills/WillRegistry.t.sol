// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {ShareVerifier} from "../../contracts/foundation/ShareVerifier.sol";
import {MockCredentials} from "../../contracts/mocks/MockCredentials.sol";

import {WillRegistry} from "../../contracts/wills/WillRegistry.sol";
import {WillBeat, WillId, WillState, WillTerms} from "../../contracts/wills/interfaces/IWillRegistry.sol";

/// @dev A testator, a veto key, three guardians and two registrars, who act in any order at any time. The manifest is the
/// guardians' tree and one leaf for the executors.
contract WillHandler is Test {
    WillRegistry public registry;
    WillId public id;
    uint256 private constant TESTATOR = 0xA11CE;
    uint256 private constant SHARE = 0x5EED;

    uint16 public version;
    uint40 public lastBeat;
    uint40 public windowEnd;
    uint16 public releasedVersion;
    uint256 public releases;
    uint256 public publishedBeforeRelease;
    bool public wentBack;
    address[] private _executors;

    constructor() {
        vm.warp(1_800_000_000);
        registry = new WillRegistry(new MockCredentials(), 1 ether);
        _executors.push(address(this));
        address testator = vm.addr(TESTATOR);
        vm.prank(testator);
        id = registry.create(0, terms(), root(1), "", false);
        version = 1;
        observe();
    }

    receive() external payable {}

    function terms() public pure returns (WillTerms memory) {
        return WillTerms(30, 30, 180, 2, 1, 3, 2, 2, true, false);
    }

    /// @dev Another share tree for each version.
    function root(uint16 v) public view returns (bytes29) {
        return bytes29(pair(leaf(v), executorsLeaf()));
    }

    function leaf(uint16 v) private view returns (bytes32) {
        return keccak256(abi.encode(uint8(3), uint8(1), ShareVerifier.shareAddress(SHARE + v)));
    }

    function executorsLeaf() private view returns (bytes32) {
        return keccak256(abi.encode(uint8(4), uint8(1), keccak256(abi.encodePacked(_executors))));
    }

    function pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 100 days));
    }

    function beat() external {
        vm.prank(vm.addr(TESTATOR));
        try registry.heartbeat(id) {} catch {}
        observe();
    }

    function relayedBeat(uint256 time) external {
        uint40 beatAt = uint40(block.timestamp - 1_000 + bound(time, 0, 2_000));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Publica Wills"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        bytes32 structHash = keccak256(abi.encode(keccak256("Beat(bytes32 willId,uint40 beatAt)"), id, beatAt));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(TESTATOR, keccak256(bytes.concat("\x19\x01", domain, structHash)));
        WillBeat[] memory beats = new WillBeat[](2);
        beats[0] = WillBeat(id, beatAt, bytes.concat(r, s, bytes1(v)));
        beats[1] = beats[0];
        registry.heartbeats(beats);
        observe();
    }

    function supersede() external {
        vm.prank(vm.addr(TESTATOR));
        try registry.supersede(id, terms(), root(version + 1), "", false) {
            ++version;
        } catch {}
        observe();
    }

    function claimOverdue() external {
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = leaf(version);
        vm.deal(address(this), 1 ether);
        try registry.claimOverdue{value: 1 ether}(id, _executors, 1, proof) {} catch {}
        observe();
    }

    function veto() external {
        vm.prank(vm.addr(TESTATOR));
        try registry.veto(id) {} catch {}
        observe();
    }

    function finalise() external {
        (, uint40 end) = registry.clockOf(id);
        try registry.finalise(id) {
            ++releases;
            releasedVersion = version;
            if (end == 0 || block.timestamp < end) wentBack = true;
        } catch {}
        observe();
    }

    function publish(uint16 wrong) external {
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = executorsLeaf();
        uint256 share = SHARE + version + (wrong % 3 == 0 ? 0 : wrong);
        bool isReleased = registry.stateOf(id) == WillState.Released;
        try registry.publishShare(id, 1, share, proof) {
            if (!isReleased || share != SHARE + version) ++publishedBeforeRelease;
        } catch {}
        observe();
    }

    function observe() private {
        (uint40 beatNow, uint40 endNow) = registry.clockOf(id);
        (uint16 versionNow, ) = registry.versionOf(id);
        if (beatNow < lastBeat || versionNow != version) wentBack = true;
        if (beatNow > block.timestamp + 300) wentBack = true;
        // A pending window never gets shorter.
        if (endNow != 0 && windowEnd != 0 && endNow < windowEnd) wentBack = true;
        (lastBeat, windowEnd) = (beatNow, endNow);
    }
}

contract WillRegistryInvariants is Test {
    WillHandler private handler;

    function setUp() external {
        handler = new WillHandler();
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = WillHandler.pass.selector;
        selectors[1] = WillHandler.beat.selector;
        selectors[2] = WillHandler.relayedBeat.selector;
        selectors[3] = WillHandler.supersede.selector;
        selectors[4] = WillHandler.claimOverdue.selector;
        selectors[5] = WillHandler.veto.selector;
        selectors[6] = WillHandler.finalise.selector;
        selectors[7] = WillHandler.publish.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    /// @notice Versions and heartbeats never move back, windows never get shorter, no release before the window's end.
    function invariant_nothingMovesBack() external view {
        assertFalse(handler.wentBack(), "moved back");
    }

    /// @notice A will is released once, and it is the version that was current.
    function invariant_releasedOnceAndTheCurrentVersion() external view {
        assertLe(handler.releases(), 1, "released twice");
        if (handler.releases() == 1) {
            (uint16 version, ) = handler.registry().versionOf(handler.id());
            assertEq(handler.releasedVersion(), version, "another version");
            assertEq(uint256(handler.registry().stateOf(handler.id())), uint256(WillState.Released), "released");
        }
    }

    /// @notice No share is accepted before release, and none that is not the committed one.
    function invariant_onlyCommittedSharesAfterRelease() external view {
        assertEq(handler.publishedBeforeRelease(), 0, "published too early, or a wrong share");
        (, , uint16 published, ) = handler.registry().progressOf(handler.id());
        if (handler.releases() == 0) assertEq(published, 0, "published before release");
    }

    /// @notice Bonds are held, or credited to exactly one side.
    function invariant_bondsAreHeldOrCredited() external view {
        WillRegistry registry = handler.registry();
        uint256 credited = registry.creditOf(address(handler)) + registry.creditOf(vm.addr(0xA11CE));
        assertLe(credited, address(registry).balance, "credited more than held");
        bool pending = registry.stateOf(handler.id()) == WillState.Claimed;
        assertEq(address(registry).balance - credited, pending ? 1 ether : 0, "held without a claim");
    }
}
